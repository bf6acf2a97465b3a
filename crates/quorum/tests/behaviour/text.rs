//! Expressions as text: what is read, what is written, and what is refused where.

use crate::common::for_each_expression;
use quickcheck::{Arbitrary, Gen};
use quorum::{
    EXPRESSION_DEPTH_MAX, EXPRESSION_SIZE_MAX, Expected, Expression, ExpressionError, MEMBERS_MAX,
};

type Read = Expression<String>;

fn read(text: &str) -> Result<Read, ExpressionError> {
    text.parse()
}

#[test]
fn what_is_written_reads_back_as_the_same() {
    for_each_expression(1_000, 12, |expression, _| {
        let named = expression.map(|node| format!("n-{node}.x_"));
        assert_eq!(read(&named.to_string()).unwrap(), named, "{named}");
    });
}

#[test]
fn what_is_read_is_written_in_canonical_form() {
    for (text, canonical) in [
        ("a", "a"),
        (" ( (a ) )\n", "a"),
        ("a+b*c", "a + b*c"),
        ("(a+b)*c", "(a + b)*c"),
        ("(a*b)+(c*d)", "a*b + c*d"),
        ("a+(b+(c+d))+e", "a + b + c + d + e"),
        ("a*(b*(c*d))*e", "a*b*c*d*e"),
        ("choose(1,a,b)", "a + b"),
        ("choose(2,a,b)", "a*b"),
        ("choose(1,a)*b", "a*b"),
        ("choose(2, a, b + c, d*e)", "choose(2, a, b + c, d*e)"),
        (
            "choose(2,a,choose(2,b,c,d),e)",
            "choose(2, a, choose(2, b, c, d), e)",
        ),
        (
            "choose(1,a,choose(1,b,choose(1,c,d)))*e",
            "(a + b + c + d)*e",
        ),
        (
            "choose*choose (2,choose,a,b)",
            "choose*choose(2, choose, a, b)",
        ),
        ("a-1.eu_x + 7 + ähre", "a-1.eu_x + 7 + ähre"),
        ("a + a", "a + a"),
    ] {
        let expression = read(text).unwrap();
        assert_eq!(expression.to_string(), canonical);
        assert_eq!(read(canonical).unwrap(), expression);
    }
}

#[test]
fn a_text_that_is_no_expression_is_refused_where_it_stops_being_one() {
    use Expected::{Comma, Number, OperatorCommaOrClose, OperatorOrClose, OperatorOrEnd, Part};
    for (text, at, wanted, has) in [
        ("", (0, 1, 1), Part, None),
        ("  \n ", (4, 2, 2), Part, None),
        ("a +", (3, 1, 4), Part, None),
        ("a + * b", (4, 1, 5), Part, Some('*')),
        ("a b", (2, 1, 3), OperatorOrEnd, Some('b')),
        ("a)", (1, 1, 2), OperatorOrEnd, Some(')')),
        ("a, b", (1, 1, 2), OperatorOrEnd, Some(',')),
        ("(a", (2, 1, 3), OperatorOrClose, None),
        ("(a, b)", (2, 1, 3), OperatorOrClose, Some(',')),
        ("()", (1, 1, 2), Part, Some(')')),
        ("choose()", (7, 1, 8), Number, Some(')')),
        ("choose(x, a)", (7, 1, 8), Number, Some('x')),
        ("choose(-1, a)", (7, 1, 8), Number, Some('-')),
        (
            "choose(99999999999999999999, a)",
            (7, 1, 8),
            Number,
            Some('9'),
        ),
        ("choose(2 a, b)", (9, 1, 10), Comma, Some('a')),
        (
            "choose(2, a b)",
            (12, 1, 13),
            OperatorCommaOrClose,
            Some('b'),
        ),
        ("choose(2, a, b", (14, 1, 15), OperatorCommaOrClose, None),
        ("choose(2, a, )", (13, 1, 14), Part, Some(')')),
        ("ä +\n ü & b", (9, 2, 4), OperatorOrEnd, Some('&')),
    ] {
        let error = read(text).unwrap_err();
        let ExpressionError::Syntax {
            at: place,
            expected,
            found,
        } = error
        else {
            panic!("{text}: {error}");
        };
        assert_eq!((place.byte, place.line, place.column), at, "{text}");
        assert_eq!((expected, found), (wanted, has), "{text}");
    }
    let error = read("a + \n(b ? c)").unwrap_err().to_string();
    assert_eq!(
        error,
        "line 2, column 4: expected '+', '*' or a closing parenthesis, and found '?'"
    );
}

#[test]
fn a_choose_out_of_reach_is_refused_with_its_place() {
    for (text, needed, of) in [
        ("a +\n choose(0, a, b)", 0, 2),
        ("a +\n choose(3, a, b)", 3, 2),
    ] {
        let error = read(text).unwrap_err();
        let said = format!(
            "line 2, column 2: to choose {needed} of {of} is not possible: from 1 to {of} can be chosen"
        );
        assert_eq!(error.to_string(), said);
    }
    let none: [Read; 0] = [];
    assert_eq!(Expression::any(none.clone()), Err(ExpressionError::Empty));
    assert_eq!(Expression::all(none.clone()), Err(ExpressionError::Empty));
    assert_eq!(Expression::choose(1, none), Err(ExpressionError::Empty));
    for needed in [0, 3, usize::MAX] {
        let error = Expression::choose(needed, ["a", "b"].map(Expression::node)).unwrap_err();
        assert!(matches!(
            error,
            ExpressionError::OutOfReach {
                at: None,
                of: 2,
                ..
            }
        ));
    }
}

#[test]
fn an_unknown_node_is_refused_with_its_place() {
    let known = |name: &str| ["a", "b"].iter().position(|node| *node == name);
    assert!(
        Expression::parse_with("a*b", known)
            .unwrap()
            .nodes()
            .eq(&[0, 1])
    );
    let error = Expression::parse_with("a*\n  bb", known).unwrap_err();
    assert_eq!(
        error.to_string(),
        r#"line 2, column 3: there is no node "bb""#
    );
}

#[test]
fn depth_is_bounded_and_nothing_recurses() {
    // Parentheses that mean nothing still wait to be closed.
    let nested = |depth: usize| format!("{}a{}", "(".repeat(depth), ")".repeat(depth));
    assert_eq!(
        read(&nested(EXPRESSION_DEPTH_MAX)).unwrap().to_string(),
        "a"
    );
    let error = read(&nested(EXPRESSION_DEPTH_MAX + 1)).unwrap_err();
    assert!(matches!(error, ExpressionError::TooDeep { .. }));
    let error = read(&"(".repeat(1_000_000)).unwrap_err();
    assert!(matches!(error, ExpressionError::TooDeep { .. }));
    // Gates within gates, as text and built.
    let mut deep = Expression::node(0_u32);
    let mut depth = 0;
    let error = loop {
        let parts = [Expression::node(1), deep.clone()];
        let next = match depth % 2 {
            0 => Expression::any(parts),
            _ => Expression::all(parts),
        };
        match next {
            Ok(next) => deep = next,
            Err(error) => break error,
        }
        depth += 1;
    };
    assert_eq!(depth, EXPRESSION_DEPTH_MAX);
    let depth = depth + 1;
    assert_eq!(error, ExpressionError::TooDeep { depth });
    let text = deep.to_string();
    assert_eq!(read(&text).unwrap(), deep.map(u32::to_string));
    assert_eq!(deep.dual().dual(), deep);
    assert!(deep.is_quorum(|_| true) && deep.size_min().is_ok());
}

#[test]
fn size_is_bounded() {
    let wide = |size: usize| vec!["a"; size].join("+");
    assert!(read(&wide(EXPRESSION_SIZE_MAX - 1)).is_ok());
    let error = read(&wide(EXPRESSION_SIZE_MAX)).unwrap_err();
    let size = EXPRESSION_SIZE_MAX + 1;
    assert_eq!(error, ExpressionError::TooLarge { size });
    assert!(read(&wide(10 * EXPRESSION_SIZE_MAX)).is_err());
    let endless = Expression::any(std::iter::repeat(Expression::node("a")));
    assert!(matches!(endless, Err(ExpressionError::TooLarge { .. })));
    let names = |count: usize| {
        (0..count)
            .map(|name| name.to_string())
            .collect::<Vec<_>>()
            .join("*")
    };
    assert!(read(&names(MEMBERS_MAX)).is_ok());
    let error = read(&names(MEMBERS_MAX + 1)).unwrap_err();
    let count = MEMBERS_MAX + 1;
    assert_eq!(error, ExpressionError::TooManyNodes { count });
}

#[test]
fn hostile_text_is_an_expression_or_an_error() {
    let signs: Vec<char> = "aab+*(),2 \nä-choose(".chars().collect();
    let (mut good, mut bad) = (0, 0);
    for seed in 0..20_000 {
        let mut g = Gen::from_size_and_seed(30, seed);
        let mut text = String::new();
        match seed % 3 {
            0 => text = String::arbitrary(&mut g),
            1 => {
                for _ in 0..u8::arbitrary(&mut g) % 24 {
                    match *g.choose(&signs).unwrap() {
                        'c' => text.push_str("choose(2,"),
                        sign => text.push(sign),
                    }
                }
            }
            _ => {
                text = crate::common::expression(&mut g, 5, 3).to_string();
                let places: Vec<usize> = text.char_indices().map(|(at, _)| at).collect();
                let at = *g.choose(&places).unwrap();
                text.replace_range(at..=at, &g.choose(&signs).unwrap().to_string());
            }
        }
        match read(&text) {
            Ok(expression) => {
                good += 1;
                assert_eq!(
                    read(&expression.to_string()).unwrap(),
                    expression,
                    "{text:?}"
                );
                expression.is_quorum(|node| node.len() > 1);
            }
            Err(ExpressionError::Syntax { at, found, .. }) => {
                bad += 1;
                assert_eq!(text[at.byte..].chars().next(), found, "{text:?}");
            }
            Err(_) => bad += 1,
        }
    }
    assert!(good > 2_000 && bad > 2_000, "{good} {bad}");
}
