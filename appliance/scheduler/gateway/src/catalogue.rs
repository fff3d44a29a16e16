//! The catalogue of models in the configuration: what the appliance places on the nodes' GPUs, and for whom.

use std::collections::BTreeSet;

use placement::{Model, Shape, Want};
use protocol::Class;
use serde::{Deserialize, Serialize};

/// Bytes of a GiB.
const GIB: f64 = (1_u64 << 30) as f64;

/// A model that the appliance places.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ModelConfig {
    /// Its name in requests, and in the nodes' stores.
    pub id: String,
    /// GPU memory that a replica needs, in GiB: weights and key-value cache together. Either this or `vram_bytes`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub vram_gib: Option<f64>,
    /// The same in bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub vram_bytes: Option<u64>,
    /// On how many GPUs of one node a replica may lie; each number is a choice. Nodes load a model on one GPU, so that larger
    /// numbers are refused by all of them until they learn to split it.
    #[serde(default = "one_gpu")]
    pub gpus: Vec<u32>,
    /// For whom, and how many replicas. None: those that are there are unloaded.
    #[serde(default)]
    pub wants: Vec<WantConfig>,
}

/// How many replicas of a model a class of requests wants.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WantConfig {
    /// For whom.
    pub class: Class,
    /// What these replicas are worth against others, when not all fit.
    #[serde(default = "one")]
    pub weight: u32,
    /// Replicas without which the class is not served.
    #[serde(default = "one")]
    pub minimum: u32,
    /// Replicas that are enough; as many as `minimum` where it is not said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wanted: Option<u32>,
}

fn one_gpu() -> Vec<u32> {
    vec![1]
}

fn one() -> u32 {
    1
}

impl ModelConfig {
    /// GPU memory of a replica, in bytes.
    fn bytes(&self) -> Result<u64, String> {
        let id = &self.id;
        match (self.vram_gib, self.vram_bytes) {
            (Some(_), Some(_)) => Err(format!("`{id}` has vram_gib and vram_bytes; give one of them")),
            (None, None) => Err(format!("`{id}` needs vram_gib: the GPU memory of a replica, weights and cache")),
            (None, Some(0)) => Err(format!("`{id}`: vram_bytes is 0; only models on GPUs are placed")),
            (None, Some(bytes)) => Ok(bytes),
            (Some(gib), None) if gib.is_finite() && gib > 0.0 && gib < 1e6 =>
            {
                #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "checked just now")]
                Ok((gib * GIB).ceil() as u64)
            }
            (Some(gib), None) => Err(format!("`{id}`: vram_gib is {gib}; give the GiB that a replica needs")),
        }
    }

    /// The model as the planner knows it.
    ///
    /// # Errors
    /// Says what contradicts itself, and how to mend it.
    pub fn model(&self) -> Result<Model, String> {
        if self.id.trim().is_empty() {
            return Err("one has no `id`; give it the name that the nodes' stores know it by".to_owned());
        }
        let vram_bytes = self.bytes()?;
        let mut counts = BTreeSet::new();
        if let Some(wrong) = self.gpus.iter().find(|gpus| **gpus == 0 || !counts.insert(**gpus)) {
            return Err(format!("`{}`: gpus lists {wrong}; list each number of GPUs once, from 1", self.id));
        }
        let shape = |gpus: u32| Shape { nodes: 1, gpus, bytes_per_gpu: vram_bytes.div_ceil(u64::from(gpus)) };
        let want = |want: &WantConfig| Want {
            class: want.class,
            weight: want.weight,
            minimum: want.minimum,
            wanted: want.wanted.unwrap_or(want.minimum),
        };
        let model = Model {
            id: self.id.as_str().into(),
            vram_bytes,
            shapes: counts.into_iter().map(shape).collect(),
            wants: self.wants.iter().map(want).collect(),
        };
        model.check().map_err(|error| error.to_string())?;
        Ok(model)
    }
}

/// The whole catalogue as the planner knows it.
///
/// # Errors
/// Says what contradicts itself, and how to mend it.
pub(crate) fn catalogue(models: &[ModelConfig]) -> Result<Vec<Model>, String> {
    let mut seen = BTreeSet::new();
    if let Some(twice) = models.iter().find(|model| !seen.insert(&model.id)) {
        return Err(format!("inference.models: two are called `{}`", twice.id));
    }
    models.iter().map(|model| model.model().map_err(|error| format!("inference.models: {error}"))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Deserialize)]
    struct File {
        models: Vec<ModelConfig>,
    }

    fn read(text: &str) -> Result<Vec<Model>, String> {
        let file: File = toml::from_str(&format!("[[models]]\n{text}")).map_err(|error| error.to_string())?;
        catalogue(&file.models)
    }

    #[test]
    fn a_short_entry_is_enough() {
        let models = read(
            "id = 'qwen'\nvram_gib = 1.5\nwants = [{ class = 'chat' }, { class = 'mail', weight = 2, minimum = 0, wanted = 3 }]",
        );
        let expected =
            Model::on_one_gpu("qwen", 3 << 29).wanted_by(Class::Chat, 1, 1, 1).wanted_by(Class::Mail, 2, 0, 3);
        assert_eq!(models.unwrap(), [expected]);
    }

    #[test]
    fn each_number_of_gpus_is_a_shape() {
        let model = read("id = 'large'\nvram_bytes = 100\ngpus = [2, 1]").unwrap().remove(0);
        let halves: Vec<(u32, u64)> = model.shapes.iter().map(|shape| (shape.gpus, shape.bytes_per_gpu)).collect();
        assert_eq!(halves, [(1, 100), (2, 50)]);
    }

    #[test]
    fn what_is_wrong_is_named() {
        for (text, said) in [
            ("id = 'm'", "vram_gib"),
            ("id = ''\nvram_gib = 1", "no `id`"),
            ("id = 'm'\nvram_gib = 1\nvram_bytes = 1", "one of them"),
            ("id = 'm'\nvram_gib = -1", "vram_gib is -1"),
            ("id = 'm'\nvram_gib = nan", "vram_gib is NaN"),
            ("id = 'm'\nvram_bytes = 0", "vram_bytes is 0"),
            ("id = 'm'\nvram_gib = 1\ngpus = [0]", "gpus lists 0"),
            ("id = 'm'\nvram_gib = 1\ngpus = [1, 1]", "gpus lists 1"),
            ("id = 'm'\nvram_gib = 1\ngpus = []", "no shape"),
            (
                "id = 'm'\nvram_gib = 1\nwants = [{ class = 'chat', minimum = 2, wanted = 1 }]",
                "above the number wanted",
            ),
            ("id = 'm'\nvram_gib = 1\nwants = [{ class = 'chat' }, { class = 'chat' }]", "wanted twice for chat"),
            ("id = 'm'\nvram_gib = 1\nwants = [{ class = 'fax' }]", "fax"),
            ("id = 'm'\nvram = 1", "vram"),
            ("id = 'm'\nvram_gib = 1\n[[models]]\nid = 'm'\nvram_gib = 1", "two are called `m`"),
        ] {
            let error = read(text).unwrap_err();
            assert!(error.contains(said), "{error}");
        }
    }
}
