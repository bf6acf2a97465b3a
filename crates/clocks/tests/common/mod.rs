//! Laws that quickcheck tries on the same cases in every run.

/// Turns functions that return whether a law holds into tests.
///
/// As quickcheck's own macro, but from a fixed seed: a failure can be seen again.
macro_rules! laws {
    ($($(#[$attribute:meta])* fn $name:ident($($argument:ident: $type:ty),* $(,)?) -> $answer:ty $body:block)*) => {$(
        $(#[$attribute])*
        #[test]
        fn $name() {
            fn law($($argument: $type),*) -> $answer $body
            quickcheck::QuickCheck::new()
                .tests(200)
                .rng(quickcheck::Gen::from_size_and_seed(100, 1))
                .quickcheck(law as fn($($type),*) -> $answer);
        }
    )*};
}
