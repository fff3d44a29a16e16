//! The calls into C. Only the thread that called [`Library::start`] may use it, which the type ensures: it cannot be sent.
#![allow(unsafe_code, reason = "this module exists to hold the calls into espeak-ng")]

use std::cell::RefCell;
use std::ffi::{CStr, CString, c_char, c_int, c_short, c_void};
use std::marker::PhantomData;
use std::ops::ControlFlow;
use std::os::unix::ffi::OsStrExt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::ptr;
use std::sync::atomic::{AtomicBool, Ordering};

use espeak_rs_sys as c;

/// Milliseconds of sound that espeak-ng hands over at a time: short, so that the first sound comes early.
const BUFFER_MS: c_int = 40;

/// Whether some thread has started the library; it has one state for the whole process.
static STARTED: AtomicBool = AtomicBool::new(false);

/// Takes sound as it is made, and says whether to go on.
pub(crate) type Sink = Box<dyn FnMut(&[i16]) -> ControlFlow<()>>;

thread_local! {
    /// Where the callback puts sound; set only while `speak` runs.
    static SINK: RefCell<Option<Sink>> = const { RefCell::new(None) };
}

/// Proof that the library was started on this thread.
pub(crate) struct Library {
    /// Not `Send`: the callback finds its sink in this thread.
    _here: PhantomData<*const ()>,
}

impl Library {
    /// Starts it with the data in `home`; gives back the samples per second as well.
    pub(crate) fn start(home: &Path) -> Result<(Self, u32), String> {
        if STARTED.swap(true, Ordering::SeqCst) {
            return Err("espeak-ng was started twice in one process".to_owned());
        }
        let path = CString::new(home.as_os_str().as_bytes()).map_err(|_| "the path holds a zero byte".to_owned())?;
        // SAFETY: `path` lives through the call, which copies it; `STARTED` ensures that nobody calls at the same time.
        let rate = unsafe {
            c::espeak_Initialize(
                c::espeak_AUDIO_OUTPUT_AUDIO_OUTPUT_SYNCHRONOUS,
                BUFFER_MS,
                path.as_ptr(),
                c::espeakINITIALIZE_DONT_EXIT as c_int,
            )
        };
        let Ok(rate @ 1..) = u32::try_from(rate) else {
            STARTED.store(false, Ordering::SeqCst);
            return Err(format!("espeak-ng cannot use the data in `{}` (code {rate})", home.display()));
        };
        // SAFETY: the callback has the signature that the library expects and never unwinds.
        unsafe { c::espeak_SetSynthCallback(Some(take)) };
        Ok((Self { _here: PhantomData }, rate))
    }

    /// Chooses the voice of that name, such as `ro` or `ro+f3`.
    pub(crate) fn set_voice(&self, voice: &str) -> Result<(), String> {
        let name = CString::new(voice).map_err(|_| "the voice's name holds a zero byte".to_owned())?;
        // SAFETY: `name` lives through the call, which copies it.
        let code = unsafe { c::espeak_SetVoiceByName(name.as_ptr()) };
        if code == c::espeak_ERROR_EE_OK { Ok(()) } else { Err(format!("espeak-ng has no voice `{voice}`")) }
    }

    /// Sets the pace in words a minute; espeak-ng's own range is 80 to 450.
    pub(crate) fn set_rate(&self, words_a_minute: u32) {
        let value = c_int::try_from(words_a_minute).unwrap_or(c_int::MAX);
        // SAFETY: takes two numbers and keeps them.
        unsafe { c::espeak_SetParameter(c::espeak_PARAMETER_espeakRATE, value, 0) };
    }

    /// Speaks `text`, handing sound to `sink` until it breaks or all is spoken.
    pub(crate) fn speak(&self, text: &str, sink: Sink) -> Result<(), String> {
        // A zero byte would end the text early; it says nothing.
        let text = CString::new(text.replace('\0', " ")).map_err(|_| "the text holds a zero byte".to_owned())?;
        SINK.set(Some(sink));
        // SAFETY: `text` lives through the call, which returns when all is spoken (synchronous mode) and has called `take` on
        // this thread only.
        let code = unsafe {
            c::espeak_Synth(
                text.as_ptr().cast::<c_void>(),
                text.as_bytes_with_nul().len(),
                0,
                c::espeak_POSITION_TYPE_POS_CHARACTER,
                0,
                c::espeakCHARS_UTF8,
                ptr::null_mut(),
                ptr::null_mut(),
            )
        };
        SINK.set(None);
        if code == c::espeak_ERROR_EE_OK { Ok(()) } else { Err(format!("espeak-ng failed to speak (code {code})")) }
    }

    /// The sounds of `text` in the International Phonetic Alphabet.
    pub(crate) fn phonemes(&self, text: &str) -> Result<String, String> {
        let text = CString::new(text.replace('\0', " ")).map_err(|_| "the text holds a zero byte".to_owned())?;
        let mut rest: *const c_void = text.as_ptr().cast();
        let mut sounds = String::new();
        while !rest.is_null() {
            // SAFETY: `rest` points into `text`; the call moves it past one clause, or sets it to null at the end. What comes
            // back is the library's buffer, valid until the next call, and copied at once.
            let clause = unsafe {
                let clause = c::espeak_TextToPhonemes(
                    &raw mut rest,
                    c::espeakCHARS_UTF8 as c_int,
                    c::espeakINITIALIZE_PHONEME_IPA as c_int,
                );
                if clause.is_null() { None } else { Some(CStr::from_ptr(clause.cast::<c_char>())) }
            };
            let Some(clause) = clause else { continue };
            if !sounds.is_empty() {
                sounds.push(' ');
            }
            sounds.push_str(clause.to_string_lossy().trim());
        }
        Ok(without_language_marks(&sounds))
    }
}

/// Without the marks `(en)`, `(ro)` that espeak-ng puts where a word belongs to another language.
fn without_language_marks(sounds: &str) -> String {
    let mut inside = false;
    let plain = sounds.chars().filter(|&sound| match sound {
        '(' => {
            inside = true;
            false
        }
        ')' => {
            inside = false;
            false
        }
        _ => !inside,
    });
    plain.collect()
}

/// Called by the library with each buffer of sound; 1 asks it to stop.
extern "C" fn take(samples: *mut c_short, count: c_int, _events: *mut c::espeak_EVENT) -> c_int {
    let count = usize::try_from(count).unwrap_or(0);
    if samples.is_null() || count == 0 {
        return 0;
    }
    // SAFETY: the library gives `count` samples, which stay as they are while this callback runs.
    let samples = unsafe { std::slice::from_raw_parts(samples, count) };
    // Unwinding must not reach C.
    let go_on = catch_unwind(AssertUnwindSafe(|| {
        SINK.with_borrow_mut(|sink| sink.as_mut().map_or(ControlFlow::Break(()), |sink| sink(samples)))
    }));
    match go_on {
        Ok(ControlFlow::Continue(())) => 0,
        _ => 1,
    }
}
