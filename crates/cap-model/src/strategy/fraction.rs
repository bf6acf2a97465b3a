//! Exact fractions of whole numbers.
//!
//! # Rules
//!
//! 1. In lowest terms, with a denominator above zero: equal fractions are equal.
//! 2. Arithmetic is exact or gives nothing: a result that does not fit is never rounded.
//! 3. As a price, a sum that does not fit is the greater of the two: too little, so that what is proved
//!    with it stays true.

use alloc::format;
use core::cmp::Ordering;
use core::fmt;

use quorum::Price;

/// Numbers of no more digits are told apart by them.
const DECIMAL_DIGITS_MAX: usize = 15;

/// A fraction of two whole numbers of 128 bits.
///
/// ```
/// use cap_model::strategy::Fraction;
/// let load = Fraction::new(6, 16).unwrap();
/// assert_eq!(load.to_string(), "3/8");
/// assert_eq!(Fraction::of(0.1).unwrap().to_string(), "1/10");
/// assert_eq!(Fraction::of(1.0 / 1_500.0), Fraction::new(1, 1_500));
/// assert_eq!(Fraction::new(1, 0), None);
/// ```
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub struct Fraction {
    numerator: i128,
    denominator: i128,
}

impl Fraction {
    pub(super) const ONE: Self = Self {
        numerator: 1,
        denominator: 1,
    };

    /// In lowest terms. `None` when the denominator is zero, or a number does not fit.
    #[must_use]
    pub fn new(numerator: i128, denominator: i128) -> Option<Self> {
        if denominator == 0 {
            return None;
        }
        let divisor = i128::try_from(common(numerator.unsigned_abs(), denominator.unsigned_abs()));
        let divisor = divisor.ok()? * denominator.signum();
        Some(Self {
            numerator: numerator.checked_div(divisor)?,
            denominator: denominator.checked_div(divisor)?,
        })
    }

    /// What a floating-point number was written for: a decimal number of at most 15 digits, or else, of all
    /// fractions that round to it, the one with the least denominator. So `0.1` is a tenth, and
    /// `1.0 / 1500.0` is that. `None` for what is no finite number, or too small or too large for 128
    /// bits.
    #[must_use]
    pub fn of(value: f64) -> Option<Self> {
        if value == 0.0 {
            return Self::new(0, 1);
        }
        if !value.is_finite() {
            return None;
        }
        if let Some(decimal) = decimal(value) {
            return Some(decimal);
        }
        let (mantissa, exponent) = parts(value.abs())?;
        let twice = mantissa.checked_mul(2)?;
        let low = power(twice - 1, exponent - 1)?;
        let high = power(twice + 1, exponent - 1)?;
        let simplest = Self::between(low, high)?;
        match value > 0.0 {
            true => Some(simplest),
            false => Self::new(-simplest.numerator, simplest.denominator),
        }
    }

    /// The simplest fraction that is so near, for numbers of zero or more.
    pub(super) fn near(value: f64, tolerance: f64) -> Option<Self> {
        if value <= tolerance {
            return Self::new(0, 1);
        }
        let (mantissa, exponent) = parts(value - tolerance)?;
        let low = power(mantissa, exponent)?;
        let (mantissa, exponent) = parts(value + tolerance)?;
        Self::between(low, power(mantissa, exponent)?)
    }

    /// The fraction with the least denominator from `low` to `high`, both above zero: by their continued
    /// fractions, which agree up to it.
    fn between(low: (i128, i128), high: (i128, i128)) -> Option<Self> {
        let (mut low, mut high) = (low, high);
        // The last two convergents.
        let (mut before, mut last) = ((0_i128, 1_i128), (1_i128, 0_i128));
        let next = |quotient: i128, before: (i128, i128), last: (i128, i128)| {
            let numerator = quotient.checked_mul(last.0)?.checked_add(before.0)?;
            let denominator = quotient.checked_mul(last.1)?.checked_add(before.1)?;
            Some((numerator, denominator))
        };
        // Each round more than halves a denominator in two rounds.
        for _ in 0..512 {
            let floor = low.0.checked_div(low.1)?;
            let rest = low.0.checked_sub(floor.checked_mul(low.1)?)?;
            let is_above = floor.checked_add(1)?.checked_mul(high.1)? <= high.0;
            if rest == 0 || is_above {
                let quotient = if rest == 0 { floor } else { floor + 1 };
                let (numerator, denominator) = next(quotient, before, last)?;
                return Self::new(numerator, denominator);
            }
            let convergent = next(floor, before, last)?;
            before = last;
            last = convergent;
            let high_rest = high.0.checked_sub(floor.checked_mul(high.1)?)?;
            (low, high) = ((high.1, high_rest), (low.1, rest));
            if low.1 == 0 {
                return None;
            }
        }
        None
    }

    /// The number above the line.
    #[must_use]
    pub const fn numerator(&self) -> i128 {
        self.numerator
    }

    /// The number below the line: above zero.
    #[must_use]
    pub const fn denominator(&self) -> i128 {
        self.denominator
    }

    /// About so much: within two roundings.
    ///
    /// ```
    /// assert_eq!(cap_model::strategy::Fraction::new(3, 8).map(|it| it.to_f64()), Some(0.375));
    /// ```
    #[must_use]
    pub const fn to_f64(&self) -> f64 {
        self.numerator as f64 / self.denominator as f64
    }

    pub(super) fn add(self, other: Self) -> Option<Self> {
        let divisor = common(
            self.denominator.unsigned_abs(),
            other.denominator.unsigned_abs(),
        );
        let divisor = i128::try_from(divisor).ok()?;
        let (own, others) = (
            other.denominator.checked_div(divisor)?,
            self.denominator.checked_div(divisor)?,
        );
        let numerator = self.numerator.checked_mul(own)?;
        let numerator = numerator.checked_add(other.numerator.checked_mul(others)?)?;
        Self::new(numerator, self.denominator.checked_mul(own)?)
    }

    pub(super) fn negated(self) -> Option<Self> {
        Self::new(self.numerator.checked_neg()?, self.denominator)
    }

    pub(super) fn minus(self, other: Self) -> Option<Self> {
        self.add(other.negated()?)
    }

    pub(super) fn times(self, other: Self) -> Option<Self> {
        // Crosswise first: the products are as small as they can be.
        let one = Self::new(self.numerator, other.denominator)?;
        let two = Self::new(other.numerator, self.denominator)?;
        let numerator = one.numerator.checked_mul(two.numerator)?;
        Self::new(numerator, one.denominator.checked_mul(two.denominator)?)
    }

    pub(super) fn over(self, other: Self) -> Option<Self> {
        self.times(Self::new(other.denominator, other.numerator)?)
    }

    pub(super) const fn is_zero(&self) -> bool {
        self.numerator == 0
    }
}

impl fmt::Display for Fraction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.denominator {
            1 => write!(f, "{}", self.numerator),
            denominator => write!(f, "{}/{denominator}", self.numerator),
        }
    }
}

impl Ord for Fraction {
    fn cmp(&self, other: &Self) -> Ordering {
        let (mut one, mut two) = (
            (self.numerator, self.denominator),
            (other.numerator, other.denominator),
        );
        // Whole parts first; of what is left, the reciprocals the other way round. Denominators shrink as
        // in Euclid's algorithm.
        loop {
            let wholes = (one.0.div_euclid(one.1), two.0.div_euclid(two.1));
            if wholes.0 != wholes.1 {
                return wholes.0.cmp(&wholes.1);
            }
            let rests = (one.0.rem_euclid(one.1), two.0.rem_euclid(two.1));
            match rests {
                (0, 0) => return Ordering::Equal,
                (0, _) => return Ordering::Less,
                (_, 0) => return Ordering::Greater,
                _ => (one, two) = ((two.1, rests.1), (one.1, rests.0)),
            }
        }
    }
}

impl PartialOrd for Fraction {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Price for Fraction {
    const ZERO: Self = Self {
        numerator: 0,
        denominator: 1,
    };

    fn plus(self, other: Self) -> Self {
        self.add(other).unwrap_or_else(|| self.max(other))
    }
}

/// A number of few decimal digits.
fn decimal(value: f64) -> Option<Fraction> {
    let text = format!("{value:e}");
    let (mantissa, exponent) = text.split_once('e')?;
    let (whole, rest) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits = format!("{whole}{rest}");
    if digits.trim_start_matches('-').len() > DECIMAL_DIGITS_MAX {
        return None;
    }
    let exponent = exponent.parse::<i32>().ok()? - i32::try_from(rest.len()).ok()?;
    let digits = digits.parse::<i128>().ok()?;
    let power = 10_i128.checked_pow(exponent.unsigned_abs())?;
    match exponent >= 0 {
        true => Fraction::new(digits.checked_mul(power)?, 1),
        false => Fraction::new(digits, power),
    }
}

/// The greatest common divisor; of zeros, one.
const fn common(one: u128, two: u128) -> u128 {
    let (mut one, mut two) = (one, two);
    while two != 0 {
        (one, two) = (two, one % two);
    }
    if one == 0 { 1 } else { one }
}

/// A positive number as a whole number and a power of two.
fn parts(value: f64) -> Option<(i128, i32)> {
    const MANTISSA_BITS: u32 = 52;
    let bits = value.to_bits();
    let exponent = i32::try_from(bits >> MANTISSA_BITS).ok()?;
    let mantissa = i128::from(bits & ((1 << MANTISSA_BITS) - 1));
    // Without the smallest, whose form is another, and without what is no finite positive number.
    let is_normal = (1..0x7ff).contains(&exponent);
    is_normal.then_some((mantissa + (1 << MANTISSA_BITS), exponent - 1_075))
}

/// A number times a power of two, as a numerator and a denominator.
fn power(number: i128, exponent: i32) -> Option<(i128, i128)> {
    // What fits beside a number of 55 bits, with room for one more.
    let shift = exponent.unsigned_abs();
    match exponent {
        -125..0 => Some((number, 1_i128.checked_shl(shift)?)),
        0..70 => Some((number.checked_mul(1_i128.checked_shl(shift)?)?, 1)),
        _ => None,
    }
}
