//! Where and with which words the code panicked, for who catches it.

use std::any::Any;
use std::cell::RefCell;
use std::panic::PanicHookInfo;

/// A panic that was caught.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Panicked {
    /// A file and a line in it; none where no hook noted it
    pub place: Option<String>,
    pub message: String,
}

thread_local! {
    static LAST: RefCell<Option<Panicked>> = const { RefCell::new(None) };
}

/// Notes a panic of this thread; for the hook, which alone is told where.
pub fn note_panic(info: &PanicHookInfo<'_>) {
    let panicked = Panicked {
        place: info.location().map(|at| format!("{}:{}", at.file(), at.line())),
        message: words(info.payload()),
    };
    // A panic while this is borrowed is none of ours.
    LAST.with(|last| last.try_borrow_mut().map(|mut last| *last = Some(panicked)).ok());
}

/// The panic that was just caught on this thread.
pub fn caught(payload: &(dyn Any + Send)) -> Panicked {
    let noted = LAST.with(|last| last.try_borrow_mut().ok().and_then(|mut last| last.take()));
    noted.unwrap_or_else(|| Panicked {
        place: None,
        message: words(payload),
    })
}

fn words(payload: &dyn Any) -> String {
    let text = payload.downcast_ref::<&str>().map(|text| (*text).to_owned());
    text.or_else(|| payload.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "something that is no text".into())
}
