//! What there is to place: models, the shapes that a replica may take, and how many replicas are wanted for whom.

use protocol::Class;
use serde::{Deserialize, Serialize};

use crate::names::ModelId;

/// A model of the catalogue.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Model {
    /// Its name in requests.
    pub id: ModelId,
    /// GPU memory that one replica needs, weights and key-value cache together, were it on one GPU. Its worth is measured in it.
    pub vram_bytes: u64,
    /// The shapes that a replica may take; the planner tries those with fewer nodes first, then those with fewer GPUs.
    pub shapes: Vec<Shape>,
    /// How many replicas are wanted, for each class of demand.
    pub wants: Vec<Want>,
}

/// How a replica lies on GPUs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Shape {
    /// Machines that it spans (pipeline parallel). More than one: only machines of the same fabric.
    pub nodes: u32,
    /// GPUs on each of them (tensor parallel).
    pub gpus: u32,
    /// GPU memory that it needs on each GPU, what every shard repeats included.
    pub bytes_per_gpu: u64,
}

impl Shape {
    /// GPUs in all.
    #[must_use]
    pub fn gpus_in_all(&self) -> u32 {
        self.nodes.saturating_mul(self.gpus)
    }

    /// GPU memory in all, in bytes.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.bytes_per_gpu.saturating_mul(u64::from(self.gpus_in_all()))
    }
}

/// How many replicas of a model a class of demand wants, and what they are worth.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Want {
    /// For whom.
    pub class: Class,
    /// What a byte of these replicas is worth against a byte of others, when not all fit.
    pub weight: u32,
    /// Replicas without which the class is not served: placed before any replica beyond a minimum.
    pub minimum: u32,
    /// Replicas that are enough; also the number kept while nothing is known of the demand.
    pub wanted: u32,
}

impl Model {
    /// A model that fits one GPU and of which nothing is wanted yet.
    #[must_use]
    pub fn on_one_gpu(id: impl Into<ModelId>, vram_bytes: u64) -> Self {
        let whole = Shape { nodes: 1, gpus: 1, bytes_per_gpu: vram_bytes };
        Self { id: id.into(), vram_bytes, shapes: vec![whole], wants: Vec::new() }
    }

    /// The model, which may also be split over so many GPUs of one node; each shard repeats `repeated_bytes` of the whole.
    #[must_use]
    pub fn or_split(self, gpus: u32, repeated_bytes: u64) -> Self {
        self.or_spanning(1, gpus, repeated_bytes)
    }

    /// The model, which may also be split over so many GPUs on each of so many nodes; each shard repeats `repeated_bytes`.
    #[must_use]
    pub fn or_spanning(mut self, nodes: u32, gpus: u32, repeated_bytes: u64) -> Self {
        let shards = u64::from(nodes.saturating_mul(gpus)).max(1);
        let bytes_per_gpu = self.vram_bytes.div_ceil(shards).saturating_add(repeated_bytes);
        self.shapes.push(Shape { nodes, gpus, bytes_per_gpu });
        self
    }

    /// The model, of which a class wants replicas.
    #[must_use]
    pub fn wanted_by(mut self, class: Class, weight: u32, minimum: u32, wanted: u32) -> Self {
        self.wants.push(Want { class, weight, minimum, wanted });
        self
    }

    /// Checks what no single field shows.
    ///
    /// # Errors
    /// What contradicts itself, and where.
    pub fn check(&self) -> Result<(), CatalogueError> {
        let model = || self.id.clone();
        if self.shapes.is_empty() {
            return Err(CatalogueError::NoShape { model: model() });
        }
        for shape in &self.shapes {
            if shape.gpus_in_all() == 0 || shape.bytes() == 0 {
                return Err(CatalogueError::EmptyShape { model: model() });
            }
            if shape.bytes() < self.vram_bytes {
                return Err(CatalogueError::SmallShape {
                    model: model(),
                    bytes: shape.bytes(),
                    needs: self.vram_bytes,
                });
            }
        }
        for (index, want) in self.wants.iter().enumerate() {
            if want.minimum > want.wanted {
                return Err(CatalogueError::MinimumAboveWanted { model: model(), class: want.class });
            }
            if self.wants.iter().skip(index + 1).any(|other| other.class == want.class) {
                return Err(CatalogueError::ClassTwice { model: model(), class: want.class });
            }
        }
        Ok(())
    }
}

/// What is wrong with a model's entry.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CatalogueError {
    /// Nowhere to lie.
    #[error("model `{model}` has no shape; give it at least the one of a single GPU")]
    NoShape {
        /// Of which.
        model: ModelId,
    },
    /// A shape of no GPU or of no memory.
    #[error("model `{model}` has a shape without GPUs or without memory")]
    EmptyShape {
        /// Of which.
        model: ModelId,
    },
    /// A shape that cannot hold the model.
    #[error("model `{model}` has a shape of {bytes} bytes and needs {needs}")]
    SmallShape {
        /// Of which.
        model: ModelId,
        /// What the shape holds.
        bytes: u64,
        /// What the model needs.
        needs: u64,
    },
    /// More needed than wanted.
    #[error("model `{model}`: the minimum for {} is above the number wanted", class.name())]
    MinimumAboveWanted {
        /// Of which.
        model: ModelId,
        /// For whom.
        class: Class,
    },
    /// Two entries for one class.
    #[error("model `{model}` is wanted twice for {}; add the numbers up", class.name())]
    ClassTwice {
        /// Of which.
        model: ModelId,
        /// For whom.
        class: Class,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_split_model_repeats_something_on_every_shard() {
        let model = Model::on_one_gpu("m", 100).or_split(4, 3).or_spanning(2, 4, 3);
        assert_eq!(model.shapes[1], Shape { nodes: 1, gpus: 4, bytes_per_gpu: 28 });
        assert_eq!(model.shapes[2], Shape { nodes: 2, gpus: 4, bytes_per_gpu: 16 });
        model.check().unwrap();
    }

    #[test]
    fn what_contradicts_itself_is_refused() {
        let model = || Model::on_one_gpu("m", 100);
        let shape = |gpus, bytes_per_gpu| Model { shapes: vec![Shape { nodes: 1, gpus, bytes_per_gpu }], ..model() };
        assert!(matches!(Model { shapes: vec![], ..model() }.check(), Err(CatalogueError::NoShape { .. })));
        assert!(matches!(shape(0, 1).check(), Err(CatalogueError::EmptyShape { .. })));
        assert!(matches!(shape(2, 49).check(), Err(CatalogueError::SmallShape { bytes: 98, .. })));
        let above = model().wanted_by(Class::Voice, 1, 2, 1);
        assert!(matches!(above.check(), Err(CatalogueError::MinimumAboveWanted { .. })));
        let twice = model().wanted_by(Class::Voice, 1, 1, 1).wanted_by(Class::Voice, 2, 1, 1);
        assert!(matches!(twice.check(), Err(CatalogueError::ClassTwice { .. })));
    }
}
