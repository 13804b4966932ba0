//! Times of a world file.

use kakaw_core::Millis;
use kakaw_core::wire::{Expected, SettingProblem};

/// Parses the times of a part of the file, and collects those that are invalid.
#[derive(Default)]
pub(super) struct Moments(pub Vec<SettingProblem>);

impl Moments {
    /// Returns the time under a key, or `None` if it is absent or invalid.
    pub(super) fn read(&mut self, text: Option<&str>, path: &str) -> Option<Millis> {
        let text = text?;
        let moment = Millis::from_rfc3339(text);
        if moment.is_none() {
            self.0.push(SettingProblem::new(path, text, Expected::Moment {}));
        }
        moment
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_that_cannot_be_read_is_a_problem() {
        let mut moments = Moments::default();
        assert_eq!(moments.read(None, "at"), None);
        assert_eq!(moments.read(Some("2026-09-21T14:13:20Z"), "at"), Some(Millis(1_790_000_000_000)));
        assert!(moments.0.is_empty());
        assert_eq!(moments.read(Some("yesterday"), "terms.use.at"), None);
        assert_eq!(moments.0, [SettingProblem::new("terms.use.at", "yesterday", Expected::Moment {})]);
    }
}
