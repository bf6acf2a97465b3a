//! A serde deserializer for bincode's standard format that believes no length.
//!
//! bincode's own trusts a claimed length in two places: strings and byte strings allocate it before
//! they look at the input, and sequences hand it to the collection as a hint. Its limits are
//! constants of a type, so they cannot follow a configuration. Here the input itself is the limit:
//! - strings and byte strings are borrowed from the input first, then copied;
//! - the hint of a sequence or map is at most the number of bytes left;
//! - values nest at most [`DEPTH_MAX`] deep;
//! - at most [`EMPTY_ELEMENTS_MAX`] elements of a body may take no byte.
//!
//! The numbers themselves are read by bincode's decoders, so the format has one source.

use alloc::format;
use alloc::string::{String, ToString};

use bincode::config::{Configuration, standard};
use bincode::de::read::{BorrowReader, Reader};
use bincode::de::{BorrowDecode, Decode, Decoder, DecoderImpl};
use bincode::error::DecodeError;
use serde::de::{
    DeserializeOwned, DeserializeSeed, Deserializer, EnumAccess, IntoDeserializer, MapAccess,
    SeqAccess, VariantAccess, Visitor,
};

use crate::FrameError;

/// How deep values may nest: a struct in a list in an option is three.
const DEPTH_MAX: u32 = 128;

/// How many elements without bytes one body may hold, over all its sequences and maps.
const EMPTY_ELEMENTS_MAX: u32 = 1 << 16;

pub(super) fn decode<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, FrameError> {
    let mut input = Input {
        decoder: DecoderImpl::new(Rest(bytes), standard(), ()),
        empty_elements_left: EMPTY_ELEMENTS_MAX,
    };
    let outcome = T::deserialize(Value {
        input: &mut input,
        depth_left: DEPTH_MAX,
    });
    let left = input.left();
    match outcome {
        Ok(_) if left > 0 => Err(FrameError::TrailingBytes { count: left }),
        Ok(value) => Ok(value),
        Err(error) => Err(FrameError::Malformed {
            offset: bytes.len().saturating_sub(left),
            reason: reason_of(error),
        }),
    }
}

fn reason_of(error: DecodeError) -> String {
    match error {
        DecodeError::OtherString(text) => text,
        DecodeError::Other(text) => text.to_string(),
        DecodeError::UnexpectedEnd { additional } => format!("{additional} bytes are missing"),
        other => format!("{other:?}"),
    }
}

/// The bytes that are left. Unlike bincode's own reader, it tells how many.
struct Rest<'de>(&'de [u8]);

impl<'de> BorrowReader<'de> for Rest<'de> {
    fn take_bytes(&mut self, length: usize) -> Result<&'de [u8], DecodeError> {
        let Some((taken, rest)) = self.0.split_at_checked(length) else {
            return Err(DecodeError::UnexpectedEnd {
                additional: length.saturating_sub(self.0.len()),
            });
        };
        self.0 = rest;
        Ok(taken)
    }
}

impl Reader for Rest<'_> {
    fn read(&mut self, bytes: &mut [u8]) -> Result<(), DecodeError> {
        let taken = self.take_bytes(bytes.len())?;
        bytes.copy_from_slice(taken);
        Ok(())
    }

    fn peek_read(&mut self, length: usize) -> Option<&[u8]> {
        self.0.get(..length)
    }

    fn consume(&mut self, length: usize) {
        self.0 = self.0.get(length..).unwrap_or_default();
    }
}

struct Input<'de> {
    decoder: DecoderImpl<Rest<'de>, Configuration, ()>,
    empty_elements_left: u32,
}

impl<'de> Input<'de> {
    fn left(&mut self) -> usize {
        self.decoder.reader().0.len()
    }

    fn number<T: Decode<()>>(&mut self) -> Result<T, DecodeError> {
        T::decode(&mut self.decoder)
    }

    fn borrow<T: BorrowDecode<'de, ()>>(&mut self) -> Result<T, DecodeError> {
        T::borrow_decode(&mut self.decoder)
    }
}

/// One value of the input, and how much deeper the values inside it may nest.
struct Value<'a, 'de> {
    input: &'a mut Input<'de>,
    depth_left: u32,
}

impl<'a, 'de> Value<'a, 'de> {
    fn deeper(self) -> Result<Self, DecodeError> {
        match self.depth_left.checked_sub(1) {
            Some(depth_left) => Ok(Self { depth_left, ..self }),
            None => Err(DecodeError::Other("values nest too deep")),
        }
    }

    /// The fields of a type: their number is known, not read.
    fn fields(self, count: usize) -> Result<Elements<'a, 'de>, DecodeError> {
        Ok(Elements {
            value: self.deeper()?,
            count,
            hint: count,
            claimed: false,
        })
    }

    /// As many elements as the input claims.
    fn elements(self) -> Result<Elements<'a, 'de>, DecodeError> {
        let count = self.input.number()?;
        let hint = self.input.left().min(count);
        Ok(Elements {
            value: self.deeper()?,
            count,
            hint,
            claimed: true,
        })
    }
}

macro_rules! by_bincode {
    ($($method:ident => $visit:ident),* $(,)?) => {
        $(fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DecodeError> {
            visitor.$visit(self.input.number()?)
        })*
    };
}

macro_rules! as_another {
    ($($method:ident => $other:ident),* $(,)?) => {
        $(fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DecodeError> {
            self.$other(visitor)
        })*
    };
}

impl<'de> Deserializer<'de> for Value<'_, 'de> {
    type Error = DecodeError;

    by_bincode! {
        deserialize_bool => visit_bool,
        deserialize_i8 => visit_i8,
        deserialize_i16 => visit_i16,
        deserialize_i32 => visit_i32,
        deserialize_i64 => visit_i64,
        deserialize_i128 => visit_i128,
        deserialize_u8 => visit_u8,
        deserialize_u16 => visit_u16,
        deserialize_u32 => visit_u32,
        deserialize_u64 => visit_u64,
        deserialize_u128 => visit_u128,
        deserialize_f32 => visit_f32,
        deserialize_f64 => visit_f64,
        deserialize_char => visit_char,
    }

    as_another! {
        deserialize_string => deserialize_str,
        deserialize_byte_buf => deserialize_bytes,
    }

    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DecodeError> {
        visitor.visit_borrowed_str(self.input.borrow()?)
    }

    fn deserialize_bytes<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DecodeError> {
        visitor.visit_borrowed_bytes(self.input.borrow()?)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DecodeError> {
        match self.input.number::<u8>()? {
            0 => visitor.visit_none(),
            1 => visitor.visit_some(self.deeper()?),
            _ => Err(DecodeError::Other("an option is neither 0 nor 1")),
        }
    }

    fn deserialize_unit<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DecodeError> {
        visitor.visit_unit()
    }

    fn deserialize_unit_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        visitor: V,
    ) -> Result<V::Value, DecodeError> {
        visitor.visit_unit()
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        visitor: V,
    ) -> Result<V::Value, DecodeError> {
        visitor.visit_newtype_struct(self.deeper()?)
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DecodeError> {
        visitor.visit_seq(self.elements()?)
    }

    fn deserialize_tuple<V: Visitor<'de>>(
        self,
        len: usize,
        visitor: V,
    ) -> Result<V::Value, DecodeError> {
        visitor.visit_seq(self.fields(len)?)
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        len: usize,
        visitor: V,
    ) -> Result<V::Value, DecodeError> {
        visitor.visit_seq(self.fields(len)?)
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DecodeError> {
        visitor.visit_map(self.elements()?)
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, DecodeError> {
        visitor.visit_seq(self.fields(fields.len())?)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _name: &'static str,
        _variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, DecodeError> {
        visitor.visit_enum(self.deeper()?)
    }

    fn deserialize_any<V: Visitor<'de>>(self, _visitor: V) -> Result<V::Value, DecodeError> {
        Err(DecodeError::Other("the format does not name its types"))
    }

    as_another! {
        deserialize_identifier => deserialize_any,
        deserialize_ignored_any => deserialize_any,
    }

    fn is_human_readable(&self) -> bool {
        false
    }
}

/// The elements of a sequence, the entries of a map, or the fields of a type.
struct Elements<'a, 'de> {
    value: Value<'a, 'de>,
    count: usize,
    hint: usize,
    claimed: bool,
}

impl<'de> Elements<'_, 'de> {
    fn element<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value, DecodeError> {
        seed.deserialize(Value {
            input: &mut *self.value.input,
            depth_left: self.value.depth_left,
        })
    }

    fn next<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<Option<S::Value>, DecodeError> {
        let Some(count) = self.count.checked_sub(1) else {
            return Ok(None);
        };
        self.count = count;
        let left = self.value.input.left();
        let value = self.element(seed)?;
        let input = &mut *self.value.input;
        if self.claimed && input.left() == left {
            let Some(empty_elements_left) = input.empty_elements_left.checked_sub(1) else {
                return Err(DecodeError::Other("too many elements without bytes"));
            };
            input.empty_elements_left = empty_elements_left;
        }
        Ok(Some(value))
    }
}

impl<'de> SeqAccess<'de> for Elements<'_, 'de> {
    type Error = DecodeError;

    fn next_element_seed<S: DeserializeSeed<'de>>(
        &mut self,
        seed: S,
    ) -> Result<Option<S::Value>, DecodeError> {
        self.next(seed)
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.hint.min(self.count))
    }
}

impl<'de> MapAccess<'de> for Elements<'_, 'de> {
    type Error = DecodeError;

    fn next_key_seed<S: DeserializeSeed<'de>>(
        &mut self,
        seed: S,
    ) -> Result<Option<S::Value>, DecodeError> {
        self.next(seed)
    }

    fn next_value_seed<S: DeserializeSeed<'de>>(
        &mut self,
        seed: S,
    ) -> Result<S::Value, DecodeError> {
        self.element(seed)
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.hint.min(self.count))
    }
}

impl<'de> EnumAccess<'de> for Value<'_, 'de> {
    type Error = DecodeError;
    type Variant = Self;

    fn variant_seed<S: DeserializeSeed<'de>>(
        self,
        seed: S,
    ) -> Result<(S::Value, Self), DecodeError> {
        let index: u32 = self.input.number()?;
        let variant: serde::de::value::U32Deserializer<DecodeError> = index.into_deserializer();
        Ok((seed.deserialize(variant)?, self))
    }
}

impl<'de> VariantAccess<'de> for Value<'_, 'de> {
    type Error = DecodeError;

    fn unit_variant(self) -> Result<(), DecodeError> {
        Ok(())
    }

    fn newtype_variant_seed<S: DeserializeSeed<'de>>(
        self,
        seed: S,
    ) -> Result<S::Value, DecodeError> {
        seed.deserialize(self)
    }

    fn tuple_variant<V: Visitor<'de>>(
        self,
        len: usize,
        visitor: V,
    ) -> Result<V::Value, DecodeError> {
        visitor.visit_seq(self.fields(len)?)
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, DecodeError> {
        visitor.visit_seq(self.fields(fields.len())?)
    }
}
