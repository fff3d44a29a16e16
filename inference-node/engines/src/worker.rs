//! The same trait over a socket, so that a model lives in a process of its own.
//!
//! whisper.cpp, espeak-ng, ONNX Runtime and CUDA are native code: a defect in one, or a lack of memory, ends the whole
//! process. Catching panics does not help against that, and GPU memory is surely given back only by a process that ends. So
//! the node starts one worker for each model. A request is one connection to the worker's socket: closing it cancels the
//! request, and a reader that is slow holds back only its own engine.

mod client;
mod frame;
mod process;
mod server;

pub use process::{Worker, WorkerCommand, run};
