//! Tells the compiler that `--cfg madsim` is a word we use.
fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rustc-check-cfg=cfg(madsim)");
}
