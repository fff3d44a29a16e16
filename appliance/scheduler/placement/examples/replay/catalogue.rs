//! Models of every size, from a voice to a language model that needs eight GPUs.

use placement::Model;
use protocol::Class;
use rand::Rng;
use rand::rngs::StdRng;

const MIB: u64 = 1 << 20;

/// A family of models: how many, from and to how many MiB, and its share of the demanded memory in per cent.
pub(crate) struct Family {
    name: &'static str,
    models: usize,
    mib: (u64, u64),
    pub(crate) share: u32,
}

pub(crate) const FAMILIES: [Family; 6] = [
    Family { name: "voice", models: 8, mib: (700, 4_000), share: 6 },
    Family { name: "speech", models: 6, mib: (3_000, 10_000), share: 10 },
    Family { name: "small", models: 8, mib: (6_000, 20_000), share: 20 },
    Family { name: "medium", models: 8, mib: (20_000, 48_000), share: 24 },
    Family { name: "large", models: 6, mib: (48_000, 130_000), share: 25 },
    Family { name: "giant", models: 4, mib: (150_000, 600_000), share: 15 },
];

/// The family of the model at this place of the catalogue.
pub(crate) fn family_of(index: usize) -> usize {
    let ends = FAMILIES.iter().scan(0, |end, family| {
        *end += family.models;
        Some(*end)
    });
    ends.take_while(|end| *end <= index).count()
}

/// Draws the catalogue.
pub(crate) fn draw(rng: &mut StdRng, flat: bool) -> Vec<Model> {
    let mut models = Vec::new();
    for family in &FAMILIES {
        for number in 0..family.models {
            // Evenly in the logarithm: as many between 1 and 2 GiB as between 2 and 4.
            let (from, to) = ((family.mib.0 as f64).ln(), (family.mib.1 as f64).ln());
            let mib = rng.random_range(from..to).exp() as u64;
            let mut model = Model::on_one_gpu(format!("{}-{number}", family.name), mib * MIB);
            if mib > 24_000 {
                let repeated = 512 * MIB;
                model = model.or_split(2, repeated).or_split(4, repeated).or_split(8, repeated);
            }
            for (class, weight) in Class::ALL.into_iter().zip([8, 4, 2, 1]) {
                if rng.random_bool(0.6) || class == Class::Chat {
                    let minimum = rng.random_range(0..=2);
                    model = model.wanted_by(class, if flat { 1 } else { weight }, minimum, minimum);
                }
            }
            models.push(model);
        }
    }
    models
}
