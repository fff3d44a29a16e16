//! Loading on a GPU of the caller's choice: whoever places models over many nodes knows where, and is told at once when it
//! cannot be.

use std::fmt;

use protocol::ModelState;

use super::Host;
use super::hosted::{Command, Hosted};
use super::supervisor::uses_gpus;
use super::vram::NoRoom;

/// Why a model is not loaded on the GPU that was chosen for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum NotThere {
    /// Nothing of the model would be put on a GPU; says why.
    Processor {
        /// The model.
        model: String,
        /// Why.
        why: &'static str,
    },
    /// It is somewhere already.
    Elsewhere {
        /// The model.
        model: String,
        /// Where.
        gpu: Option<u32>,
    },
    /// What it was loaded for before is not over.
    Leaving(String),
    /// The number is wrong; says which there are.
    NoSuchGpu(String),
    /// The GPU has not enough room, or is not healthy.
    NoRoom {
        /// The model.
        model: String,
        /// What it needs and what there is.
        why: String,
    },
    /// Its supervisor has too much to do.
    Busy(String),
}

impl fmt::Display for NotThere {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Processor { model, why } => write!(f, "`{model}` is computed on the processor here: {why}"),
            Self::Elsewhere { model, gpu: Some(gpu) } => {
                write!(f, "`{model}` is on GPU {gpu} already; unload it first")
            }
            Self::Elsewhere { model, gpu: None } => {
                write!(f, "`{model}` is on the processor already, or on its way to a GPU; unload it first")
            }
            Self::Leaving(model) => write!(f, "`{model}` is about to be unloaded; ask again once it is"),
            Self::NoSuchGpu(why) => f.write_str(why),
            Self::NoRoom { model, why } => write!(f, "`{model}` cannot be loaded there: {why}"),
            Self::Busy(model) => {
                write!(f, "`{model}` has enough to do already; ask again when its state has changed")
            }
        }
    }
}

impl Host {
    /// Has a model loaded on `gpu`; the memory there is set aside before this returns. Where it is there already, or on its
    /// way there, nothing happens.
    ///
    /// # Errors
    /// [`NotThere`]; nothing has changed then.
    pub(crate) fn load_on(&self, hosted: &Hosted, gpu: u32) -> Result<(), NotThere> {
        let (entry, model) = (hosted.entry(), hosted.id().to_owned());
        let processor = |why| NotThere::Processor { model: model.clone(), why };
        if !entry.wants_gpu() {
            return Err(processor("its manifest names no GPU memory, or says so"));
        }
        if !uses_gpus(&self.parts, &self.ledger) {
            return Err(processor("this node has no program for models on GPUs (inference-node-cuda)"));
        }
        match hosted.state() {
            ModelState::Loading | ModelState::Ready | ModelState::Restarting => {
                return match hosted.gpu() {
                    Some(there) if there == gpu => Ok(()),
                    elsewhere => Err(NotThere::Elsewhere { model, gpu: elsewhere }),
                };
            }
            ModelState::Draining => return Err(NotThere::Leaving(model)),
            ModelState::Unloaded | ModelState::Failed => {}
        }
        let reserved = self.ledger.reserve(&entry.id, entry.vram_bytes, Some(gpu)).map_err(|error| match error {
            NoRoom::NoGpu => NotThere::NoSuchGpu("this node has no GPU".to_owned()),
            NoRoom::NoSuchGpu(why) => NotThere::NoSuchGpu(why),
            NoRoom::TooSmall(why) => NotThere::NoRoom { model: model.clone(), why },
        })?;
        if hosted.command(Command::Load(Some(reserved))) { Ok(()) } else { Err(NotThere::Busy(model)) }
    }
}
