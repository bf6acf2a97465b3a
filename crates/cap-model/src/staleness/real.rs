//! Elementary functions with the same bits everywhere.
//!
//! They use only addition, subtraction, multiplication and division of `f64`, which IEEE 754 rounds
//! alike on every platform, and never a platform's `libm`. Relative errors, measured by the tests
//! at the foot: `ln` and `exp` 4 × 10^-16, `power` that times the size of its exponent,
//! `erfc` 5 × 10^-14 down to 10^-290.

const LN_2: f64 = core::f64::consts::LN_2;
/// The first 32 bits of ln 2, so that a product with an exponent is exact, and the rest.
const LN_2_HIGH: f64 = 6.931_471_803_691_238e-1;
const LN_2_LOW: f64 = 1.908_214_929_270_587_7e-10;

/// The natural logarithm: minus infinity at and below zero.
///
/// ln x = e ln 2 + 2 artanh s with x = 2^e m, m in [√½, √2), s = (m - 1) / (m + 1).
pub(crate) fn ln(x: f64) -> f64 {
    if x <= 0.0 {
        return f64::NEG_INFINITY;
    }
    if !x.is_finite() {
        return x;
    }
    // Numbers below the normal range are lifted into it.
    let (x, lift) = if x < f64::MIN_POSITIVE {
        (x * 18_014_398_509_481_984.0, -54)
    } else {
        (x, 0)
    };
    let bits = x.to_bits();
    let exponent = ((bits >> 52) & 0x7ff) as i32 - 1023 + lift;
    let mantissa = f64::from_bits((bits & 0x000f_ffff_ffff_ffff) | 0x3ff0_0000_0000_0000);
    let (mantissa, exponent) = if mantissa > core::f64::consts::SQRT_2 {
        (mantissa * 0.5, exponent + 1)
    } else {
        (mantissa, exponent)
    };
    let f = mantissa - 1.0;
    let s = f / (mantissa + 1.0);
    let z = s * s;
    let z2 = z * z;
    let even = 1.0 / 3.0
        + z2 * (1.0 / 7.0
            + z2 * (1.0 / 11.0 + z2 * (1.0 / 15.0 + z2 * (1.0 / 19.0 + z2 * (1.0 / 23.0)))));
    let odd =
        1.0 / 5.0 + z2 * (1.0 / 9.0 + z2 * (1.0 / 13.0 + z2 * (1.0 / 17.0 + z2 * (1.0 / 21.0))));
    let tail = 2.0 * z * (even + z * odd);
    // 2 artanh s = 2 s + s tail, and 2 s = f - s f, of which only the second term is rounded.
    let e = f64::from(exponent);
    e * LN_2_HIGH + (f - (s * (f - tail) - e * LN_2_LOW))
}

/// The exponential: 0 below -745.2, infinity above 709.8.
///
/// e^x = 2^k e^r with |r| at most ½ ln 2, and the series of e^r to the 13th power.
pub(crate) fn exp(x: f64) -> f64 {
    if x.is_nan() {
        return x;
    }
    if x > 709.79 {
        return f64::INFINITY;
    }
    if x < -745.2 {
        return 0.0;
    }
    let half = if x < 0.0 { -0.5 } else { 0.5 };
    let k = (x / LN_2 + half) as i32;
    let e = f64::from(k);
    let high = x - e * LN_2_HIGH;
    let low = e * LN_2_LOW;
    let r = high - low;
    let r2 = r * r;
    let even = 1.0 / 2.0
        + r2 * (1.0 / 24.0
            + r2 * (1.0 / 720.0
                + r2 * (1.0 / 40_320.0 + r2 * (1.0 / 3_628_800.0 + r2 / 479_001_600.0))));
    let odd = 1.0 / 6.0
        + r2 * (1.0 / 120.0
            + r2 * (1.0 / 5_040.0
                + r2 * (1.0 / 362_880.0 + r2 * (1.0 / 39_916_800.0 + r2 / 6_227_020_800.0))));
    let value = 1.0 + (high + (r2 * (even + r * odd) - low));
    // Two factors, because 2^k alone may be out of range when the product is not.
    let first = k / 2;
    value * two_to(first) * two_to(k - first)
}

/// 2^k for |k| up to 1,022.
fn two_to(k: i32) -> f64 {
    f64::from_bits(((1023 + k.clamp(-1022, 1023)) as u64) << 52)
}

/// x to the power y, for x above zero.
pub(crate) fn power(x: f64, y: f64) -> f64 {
    exp(y * ln(x))
}

/// x to a whole power, by squaring.
pub(crate) fn whole_power(mut x: f64, mut n: u32) -> f64 {
    let mut product = 1.0;
    while n > 0 {
        if n & 1 == 1 {
            product *= x;
        }
        x *= x;
        n >>= 1;
    }
    product
}

/// The square root, by Newton's steps from a guess that is right within 4 %; 0 below zero.
pub(crate) fn sqrt(x: f64) -> f64 {
    if x <= 0.0 || !x.is_finite() {
        return if x > 0.0 { x } else { 0.0 };
    }
    let mut root = f64::from_bits((x.to_bits() >> 1) + 0x1ff7_a3be_a91d_9b1b);
    for _ in 0..5 {
        root = 0.5 * (root + x / root);
    }
    root
}

/// erfc(x) e^(x²) in Chebyshev polynomials of (x - 2) / (x + 2), for x not below zero.
const ERFC: [f64; 24] = [
    0.377_376_099_625_859_44,
    -0.482_509_119_650_680_66,
    0.122_324_595_330_976_96,
    -0.017_831_149_719_276_667,
    0.000_321_173_652_494_169_7,
    0.000_350_395_256_479_594_76,
    -2.243_880_650_627_988_2e-5,
    -1.053_743_311_932_053e-5,
    5.671_331_133_024_995e-7,
    4.297_681_578_114_629_6e-7,
    5.104_952_447_494_115e-9,
    -1.889_969_918_426_468e-8,
    -2.242_755_507_864_521_4e-9,
    6.855_258_087_020_725e-10,
    2.148_793_907_512_103e-10,
    -5.514_842_365_094_156e-12,
    -1.347_749_230_816_858_8e-11,
    -2.086_646_532_325_425_7e-12,
    4.480_850_457_943_423e-13,
    2.267_186_762_956_091e-13,
    1.808_269_473_752_368_5e-14,
    -1.148_220_756_543_895_8e-14,
    -4.155_165_679_050_985e-15,
    1.843_308_356_802_053_6e-16,
];

/// The complementary error function.
pub(crate) fn erfc(x: f64) -> f64 {
    let size = x.abs();
    if size > 27.3 {
        return if x > 0.0 { 0.0 } else { 2.0 };
    }
    let y = (size - 2.0) / (size + 2.0);
    let (mut next, mut after) = (0.0, 0.0);
    for coefficient in ERFC.iter().skip(1).rev() {
        (next, after) = (coefficient + 2.0 * y * next - after, next);
    }
    // The square is split, so that its rounding does not grow in the exponential.
    let head = f64::from_bits(size.to_bits() & 0xffff_ffff_f800_0000);
    let rest = (size - head) * (size + head);
    let value = (ERFC[0] + y * next - after) * exp(-head * head) * exp(-rest);
    if x < 0.0 { 2.0 - value } else { value }
}

/// How likely a standard normal variable exceeds z.
pub(crate) fn normal_survival(z: f64) -> f64 {
    0.5 * erfc(z * core::f64::consts::FRAC_1_SQRT_2)
}

/// The standard normal density.
pub(crate) fn normal_density(z: f64) -> f64 {
    0.398_942_280_401_432_7 * exp(-0.5 * z * z)
}

/// The z that a standard normal variable exceeds with this probability; |z| at most 38.
pub(crate) fn normal_tail_quantile(probability: f64) -> f64 {
    let (mut low, mut high) = (-38.0, 38.0);
    let mut z = 0.0;
    // Newton's steps, kept in a bracket that shrinks with each.
    for _ in 0..100 {
        let excess = normal_survival(z) - probability;
        if excess > 0.0 {
            low = z;
        } else {
            high = z;
        }
        let newton = z + excess / normal_density(z).max(1e-300);
        let next = if newton > low && newton < high {
            newton
        } else {
            0.5 * (low + high)
        };
        if (next - z).abs() <= 1e-15 * (1.0 + z.abs()) {
            return next;
        }
        z = next;
    }
    z
}

#[cfg(test)]
mod tests {
    use super::*;

    fn assert_close(found: f64, wanted: f64, relative: f64, what: &str) {
        let error = ((found - wanted) / wanted).abs();
        assert!(
            error <= relative,
            "{what}: {found:e}, not {wanted:e}: {error:e}"
        );
    }

    /// Values computed with 120 digits.
    #[test]
    fn logarithms_and_exponentials_are_those_of_120_digits() {
        for (x, wanted) in [
            (1e-300, -690.775_527_898_213_7),
            (7.0, 1.945_910_149_055_313_3),
            (0.999_99, -1.000_005_000_028_782_4e-5),
            (1.000_01, 9.999_950_000_398_841e-6),
            (3.35, 1.208_960_345_836_975),
            (1e10, 23.025_850_929_940_457),
            (1.7e308, 709.726_836_893_228_2),
        ] {
            assert_close(ln(x), wanted, 4e-16, "ln");
        }
        for (x, wanted) in [
            (-700.5, 5.980_196_118_639_791e-305),
            (-30.25, 7.287_724_095_819_692e-14),
            (-1.0, 0.367_879_441_171_442_33),
            (0.3, 1.349_858_807_576_003_2),
            (2.5, 12.182_493_960_703_473),
            (100.0, 2.688_117_141_816_135_6e43),
            (709.7, 1.654_984_027_680_264_4e308),
        ] {
            assert_close(exp(x), wanted, 4e-16, "exp");
        }
        assert_eq!((ln(1.0), exp(0.0)), (0.0, 1.0));
    }

    #[test]
    fn they_agree_with_the_platform_over_their_whole_range() {
        for k in 1..200_000_u32 {
            let x = f64::from(k) * 0.003_7;
            assert_close(
                ln(x),
                x.ln(),
                if (x - 1.0).abs() < 0.1 { 4e-15 } else { 4e-16 },
                "ln",
            );
            let y = x - 370.0;
            if y.abs() < 700.0 {
                assert_close(exp(y), y.exp(), 4e-16, "exp");
            }
            assert_close(sqrt(x), x.sqrt(), 4e-16, "sqrt");
        }
    }

    #[test]
    fn the_error_function_is_that_of_120_digits() {
        for (x, wanted) in [
            (0.1, 0.887_537_083_981_715_2),
            (0.5, 0.479_500_122_186_953_5),
            (1.0, 0.157_299_207_050_285_13),
            (2.0, 0.004_677_734_981_047_266),
            (3.0, 2.209_049_699_858_544e-5),
            (5.0, 1.537_459_794_428_035e-12),
            (10.0, 2.088_487_583_762_545e-45),
            (26.0, 5.663_192_408_856_143e-296),
        ] {
            assert_close(erfc(x), wanted, 5e-14, "erfc");
            assert_close(erfc(-x), 2.0 - wanted, 1e-15, "erfc");
        }
        for p in [1e-12, 0.001, 0.025, 0.5, 0.8, 0.999_999] {
            assert_close(
                normal_survival(normal_tail_quantile(p)),
                p,
                1e-13,
                "quantile",
            );
        }
        assert_close(
            normal_tail_quantile(0.025),
            1.959_963_984_540_054,
            1e-14,
            "z",
        );
    }

    #[test]
    fn hostile_arguments_end_and_do_not_panic() {
        let hostile = [
            f64::NAN,
            f64::INFINITY,
            f64::NEG_INFINITY,
            0.0,
            -1.0,
            5e-324,
            f64::MAX,
        ];
        for x in hostile {
            let _ = (ln(x), exp(x), sqrt(x), erfc(x), normal_tail_quantile(x));
            for y in hostile {
                let _ = power(x, y);
            }
        }
        assert_eq!((exp(f64::NEG_INFINITY), exp(800.0)), (0.0, f64::INFINITY));
        assert_close(exp(-745.0), 5e-324, 1e-9, "the smallest");
    }
}
