//! What can go wrong with a model server, on demand.

use std::time::Duration;

use rand::Rng;
use rand::rngs::StdRng;
use serde::{Deserialize, Serialize};

/// The state of a server's health, set by `POST /fault` at any server of the process.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Fault {
    /// It works.
    #[default]
    None,
    /// It answers nothing any more, while the system goes on accepting connections and bytes for it: a hung process.
    Hang,
    /// Every connection is reset, also each new one.
    Reset,
    /// Connections are reset and the port is closed: what a killed process looks like from outside.
    Die,
    /// Nothing passes for spells, as when packets are lost and sent again after a timeout that doubles (RFC 6298).
    Stall {
        /// The probability that one passage of bytes is lost, and each repetition of it again.
        loss: f64,
        /// The first timeout, in milliseconds.
        timeout_ms: u64,
    },
    /// Work takes longer: a GPU that throttles.
    Slow {
        /// So many times longer.
        factor: f64,
    },
}

impl Fault {
    /// How much longer work takes.
    pub(crate) fn slowness(self) -> f64 {
        match self {
            Self::Slow { factor } => factor.max(0.001),
            _ => 1.0,
        }
    }

    /// For how long the next bytes are held back; none where they pass at once.
    pub(crate) fn spell(self, random: &mut StdRng) -> Option<Duration> {
        let Self::Stall { loss, timeout_ms } = self else { return None };
        let mut lost = 0;
        // Six losses in a row are a minute at Linux's timeout of 200 ms, after which any proxy has given up.
        while lost < 6 && random.random_bool(loss.clamp(0.0, 1.0)) {
            lost += 1;
        }
        // t + 2t + 4t + …
        (lost > 0).then(|| Duration::from_millis(timeout_ms * ((1 << lost) - 1)))
    }
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;

    use super::*;

    #[test]
    fn a_lossless_path_never_holds_back_and_a_dead_one_does_so_for_a_bounded_time() {
        let mut random = StdRng::seed_from_u64(1);
        assert_eq!(Fault::Stall { loss: 0.0, timeout_ms: 200 }.spell(&mut random), None);
        assert_eq!(
            Fault::Stall { loss: 1.0, timeout_ms: 200 }.spell(&mut random),
            Some(Duration::from_millis(200 * 63))
        );
        assert_eq!(Fault::Hang.spell(&mut random), None);
    }

    #[test]
    fn faults_are_named_in_the_request_as_the_documentation_says() {
        let fault: Fault = serde_json::from_str(r#"{"kind":"stall","loss":0.1,"timeout_ms":200}"#).unwrap();
        assert_eq!(fault, Fault::Stall { loss: 0.1, timeout_ms: 200 });
        assert!(serde_json::from_str::<Fault>(r#"{"kind":"explode"}"#).is_err());
    }
}
