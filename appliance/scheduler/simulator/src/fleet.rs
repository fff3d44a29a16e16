//! The replicas of a simulation, and what befalls them.

use camino::{Utf8Path, Utf8PathBuf};
use serde::{Deserialize, Serialize};

use crate::cost::CostModel;

/// A fleet: its groups of equal replicas, and scripted faults. The form of a fleet file:
///
/// ```toml
/// [[group]]
/// count = 4
/// profile = "h100"           # or the figures of the cost model themselves
///
/// [[group]]
/// count = 2
/// cost = { prefill_rate = 4000.0, slots = 32 }
///
/// [[fault]]
/// replica = 1                # from 0, in the order of the groups
/// kind = "silent"            # dies | silent | faulty
/// at_secs = 60.0
/// returns_secs = 120.0       # left out: it does not return
/// ```
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Fleet {
    /// Groups of equal replicas.
    #[serde(rename = "group")]
    pub groups: Vec<Group>,
    /// What befalls them.
    #[serde(rename = "fault")]
    pub faults: Vec<Fault>,
}

/// Equal replicas.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Group {
    /// How many.
    pub count: u32,
    /// A size of GPU by name.
    #[serde(default)]
    pub profile: Option<String>,
    /// What their work costs, where no profile is named.
    #[serde(default)]
    pub cost: Option<CostModel>,
}

/// One fault.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fault {
    /// Which replica, from 0.
    pub replica: u32,
    /// What happens.
    pub kind: FaultKind,
    /// When it happens, in seconds of simulated time.
    pub at_secs: f64,
    /// When it is over.
    #[serde(default)]
    pub returns_secs: Option<f64>,
}

/// What happens to a replica.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FaultKind {
    /// Its connections break, what it had is lost, its cache too.
    Dies,
    /// It stops, and says nothing; connections stay open.
    Silent,
    /// Its node reports a fault: it serves what it has and must get nothing new.
    Faulty,
}

/// Why a fleet is not read.
#[derive(Debug, thiserror::Error)]
pub enum FleetError {
    /// The file cannot be read.
    #[error("failed to read the fleet file `{path}`")]
    Read {
        /// Which file.
        path: Utf8PathBuf,
        /// What the system says.
        #[source]
        source: std::io::Error,
    },
    /// It is not a fleet file.
    #[error("`{path}` is not a fleet file")]
    Parse {
        /// Which file.
        path: Utf8PathBuf,
        /// What is wrong with it.
        #[source]
        source: Box<toml::de::Error>,
    },
    /// No GPU of that name is known.
    #[error("no profile is named `{0}`; known are l4, l40s, a100 and h100")]
    Profile(String),
    /// There is no replica in it.
    #[error("the fleet has no replica")]
    Empty,
    /// A fault befalls a replica that does not exist.
    #[error("a fault names replica {0}, which the fleet does not have")]
    Fault(u32),
}

impl Fleet {
    /// So many equal replicas.
    #[must_use]
    pub fn equal(count: u32, cost: CostModel) -> Self {
        Self { groups: vec![Group { count, profile: None, cost: Some(cost) }], faults: Vec::new() }
    }

    /// From a number of replicas or the path of a fleet file.
    ///
    /// # Errors
    /// [`FleetError`]: the file cannot be read or understood.
    pub fn from_spec(spec: &str, cost: &CostModel) -> Result<Self, FleetError> {
        if let Ok(count) = spec.parse() {
            return Ok(Self::equal(count, cost.clone()));
        }
        let path = Utf8Path::new(spec);
        let text =
            std::fs::read_to_string(path).map_err(|source| FleetError::Read { path: path.to_owned(), source })?;
        toml::from_str(&text).map_err(|source| FleetError::Parse { path: path.to_owned(), source: Box::new(source) })
    }

    /// The cost model of each replica, in order.
    ///
    /// # Errors
    /// [`FleetError::Profile`], [`FleetError::Empty`], [`FleetError::Fault`]: it cannot be simulated.
    pub fn replicas(&self) -> Result<Vec<CostModel>, FleetError> {
        let mut replicas = Vec::new();
        for group in &self.groups {
            let cost = match (&group.cost, &group.profile) {
                (Some(cost), _) => cost.clone(),
                (None, Some(name)) => CostModel::profile(name).ok_or_else(|| FleetError::Profile(name.clone()))?,
                (None, None) => CostModel::default(),
            };
            replicas.extend((0..group.count).map(|_| cost.clone()));
        }
        if replicas.is_empty() {
            return Err(FleetError::Empty);
        }
        let unknown =
            self.faults.iter().find(|fault| usize::try_from(fault.replica).is_ok_and(|at| at >= replicas.len()));
        match unknown {
            Some(fault) => Err(FleetError::Fault(fault.replica)),
            None => Ok(replicas),
        }
    }
}
