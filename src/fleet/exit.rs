//! The exit code of a run over several stores, in one place.

use crate::error::Exit;

/// How one store ended.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct StoreExit {
    /// Its own exit code.
    pub exit: Exit,
    /// Whether any work on it began.
    pub begun: bool,
}

/// The exit code of the run. One store: its own. Several: interrupted before all; a reason that kept every store from
/// beginning; some failed; differences; done.
#[must_use]
pub fn exit_of(stores: &[StoreExit]) -> Exit {
    let exits: Vec<Exit> = stores.iter().map(|store| store.exit).collect();
    let any = |exit: Exit| exits.contains(&exit);
    if any(Exit::Interrupted) {
        return Exit::Interrupted;
    }
    if let [only] = exits.as_slice() {
        return *only;
    }
    let not_begun = [Exit::Unreachable, Exit::Held, Exit::Refused];
    let none_begun = !stores.is_empty() && stores.iter().all(|store| !store.begun && not_begun.contains(&store.exit));
    if none_begun {
        return not_begun.into_iter().find(|exit| any(*exit)).unwrap_or(Exit::Failed);
    }
    if exits.iter().any(|exit| not_begun.contains(exit) || matches!(exit, Exit::Failed | Exit::Partial)) {
        return Exit::Partial;
    }
    match any(Exit::Differs) {
        true => Exit::Differs,
        false => Exit::Done,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: [Exit; 7] =
        [Exit::Done, Exit::Failed, Exit::Refused, Exit::Differs, Exit::Unreachable, Exit::Held, Exit::Interrupted];

    fn store(exit: Exit) -> StoreExit {
        StoreExit { exit, begun: matches!(exit, Exit::Done | Exit::Failed | Exit::Differs | Exit::Interrupted) }
    }

    #[test]
    fn one_store_ends_with_its_own_code() {
        assert_eq!(exit_of(&[]), Exit::Done);
        for exit in ALL {
            assert_eq!(exit_of(&[store(exit)]), exit);
        }
    }

    #[test]
    fn every_pair_has_its_code() {
        for a in ALL {
            for b in ALL {
                let expected = match (a, b) {
                    (Exit::Interrupted, _) | (_, Exit::Interrupted) => Exit::Interrupted,
                    (Exit::Done, Exit::Done) => Exit::Done,
                    (Exit::Done | Exit::Differs, Exit::Done | Exit::Differs) => Exit::Differs,
                    (a, b) if !store(a).begun && !store(b).begun => {
                        [Exit::Unreachable, Exit::Held, Exit::Refused].into_iter().find(|e| *e == a || *e == b).unwrap()
                    }
                    _ => Exit::Partial,
                };
                assert_eq!(exit_of(&[store(a), store(b)]), expected, "{a:?} and {b:?}");
                assert_eq!(exit_of(&[store(b), store(a)]), expected, "{b:?} and {a:?}");
            }
        }
    }
}
