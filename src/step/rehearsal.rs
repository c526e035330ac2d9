//! The schema of a rehearsal: beside the store's own, and never the name of another.
//!
//! A rehearsal is a move of its own kind in the journal; the steps are those of every move.

use crate::digest::hash_of_text;
use crate::ident::{Ident, MAX_IDENT_BYTES};

const SUFFIX: &str = "_rehearsal";

/// `store_4_rehearsal`. A name that would grow too long is cut and tells itself apart by a hash of the whole.
#[must_use]
pub fn schema_name(of: &Ident) -> Ident {
    let name = of.raw();
    if name.len() + SUFFIX.len() <= MAX_IDENT_BYTES {
        return Ident::new(format!("{name}{SUFFIX}"));
    }
    let mark = format!("_{}{SUFFIX}", &hash_of_text(name)[..16]);
    let mut end = MAX_IDENT_BYTES - mark.len();
    while !name.is_char_boundary(end) {
        end -= 1;
    }
    Ident::new(format!("{}{mark}", &name[..end]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_names_are_cut_between_letters_and_stay_apart() {
        assert_eq!(schema_name(&Ident::new("store_4")).raw(), "store_4_rehearsal");
        let longest = "x".repeat(53);
        assert_eq!(schema_name(&Ident::new(&longest)).raw(), format!("{longest}_rehearsal"));
        let long = |last: char| schema_name(&Ident::new(format!("{}{last}", "ñ".repeat(31))));
        assert!(long('a').raw().len() <= MAX_IDENT_BYTES && long('a').raw().ends_with(SUFFIX));
        assert_ne!(long('a'), long('b'));
        assert_eq!(long('a'), long('a'));
    }
}
