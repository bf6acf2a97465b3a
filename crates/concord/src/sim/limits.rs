//! How a seed draws the limits of its nodes.

use transport::Choose;

/// One of three limits: the ordinary one, which is also the benign choice, and two others.
pub(crate) fn pick<T: Copy>(choices: &mut impl Choose, options: [T; 3]) -> T {
    let [ordinary, second, third] = options;
    match choices.choose(3) {
        0 => ordinary,
        1 => second,
        _ => third,
    }
}
