//! Puts the voices' data that espeak-ng's own build has compiled into the program, so that it is one file and needs no folder
//! beside it.
#![allow(
    unsafe_code,
    clippy::expect_used,
    clippy::panic,
    reason = "a build script fails loudly; it calls C to ask for a path"
)]

use std::ffi::{CStr, c_char};
use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::ptr;

use sha2::{Digest, Sha256};

// espeak-rs-sys leaves out the library that stretches time.
#[link(name = "sonic")]
unsafe extern "C" {}

/// What three languages need, of more than a hundred.
const FILES: &[&str] = &[
    "phontab",
    "phonindex",
    "phondata",
    "intonations",
    "ro_dict",
    "hu_dict",
    "en_dict",
    "lang/roa/ro",
    "lang/urj/hu",
    "lang/gmw/en",
    "voices/!v/f2",
    "voices/!v/f3",
    "voices/!v/f4",
    "voices/!v/m1",
    "voices/!v/m3",
    "voices/!v/m7",
];

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rustc-link-lib=sonic");
    let data = compiled_data();
    let mut table =
        String::from("/// Every file by its path, as espeak-ng expects it.\nconst FILES: &[(&str, &[u8])] = &[\n");
    let mut digest = Sha256::new();
    for file in FILES {
        let path = data.join(file);
        let bytes = std::fs::read(&path).unwrap_or_else(|error| panic!("espeak-ng's `{}`: {error}", path.display()));
        digest.update(file.as_bytes());
        digest.update(&bytes);
        writeln!(table, "    ({file:?}, include_bytes!({:?})),", path.display().to_string()).expect("a String grows");
    }
    let digest = digest.finalize().iter().take(8).fold(String::new(), |text, byte| format!("{text}{byte:02x}"));
    write!(table, "];\n/// Names this very data.\nconst DIGEST: &str = {digest:?};\n").expect("a String grows");
    let out = PathBuf::from(std::env::var_os("OUT_DIR").expect("cargo sets OUT_DIR")).join("data.rs");
    std::fs::write(out, table).expect("OUT_DIR can be written");
}

/// Where espeak-ng's build put its data; asked of the library itself.
fn compiled_data() -> PathBuf {
    let mut path: *const c_char = ptr::null();
    // SAFETY: a null path asks for the built-in place; `espeak_Info` gives back a pointer to its static buffer, which nobody
    // else uses in this process.
    let text = unsafe {
        espeak_rs_sys::espeak_ng_InitializePath(ptr::null());
        espeak_rs_sys::espeak_Info(&raw mut path);
        assert!(!path.is_null(), "espeak-ng does not say where its data are");
        CStr::from_ptr(path)
    };
    Path::new(text.to_str().expect("a path in UTF-8")).to_owned()
}
