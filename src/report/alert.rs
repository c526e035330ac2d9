//! What is amiss in the stores by the rules of the configuration.

use serde::{Deserialize, Serialize};

use super::Texts;
use crate::alert::{Comparison, Severity, Telling};
use crate::metric::Moment;

/// An alert of one store.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AlertLine {
    /// The rule's name.
    pub alert: String,
    /// What people call it.
    pub title: Texts,
    /// The store's key.
    pub store: String,
    /// Its name.
    pub name: Option<String>,
    /// Its schema.
    pub schema: String,
    /// How grave it is.
    pub severity: Severity,
    /// The metric, without `tenantctl_store_`; none where the rule is no more, here and below.
    pub metric: Option<String>,
    /// On which side of the threshold it is too far.
    pub comparison: Option<Comparison>,
    /// In the metric's unit.
    pub threshold: Option<f64>,
    /// In the metric's unit; none where it is unknown.
    pub value: Option<f64>,
    /// What was found, as a fragment.
    pub says: String,
    /// Since when it is amiss.
    pub since: Moment,
    /// When it fired; none while it has not been amiss for long enough.
    pub fired_at: Option<Moment>,
    /// What was told of it now.
    pub told: Option<Telling>,
}

impl AlertLine {
    /// Whether it fires now.
    #[must_use]
    pub fn fires(&self) -> bool {
        self.fired_at.is_some() && self.told != Some(Telling::Clears)
    }
}
