//! Finds the Spanish of a sentence that was made in English. JSON keeps the English, and so does a sentence that no
//! table has: better than not at all.
//!
//! Slots of an English form: `{}` takes anything, `{n}` a number, `{s}` the word of a stage, `{t}` another sentence that
//! is known. The Spanish has as many `{}`, in the same order.

use super::{Words, ascii, fill, phrases, probing, refusals, surroundings};
use crate::stage::Stage;

/// What a slot takes.
#[derive(Clone, Copy)]
enum Slot {
    Anything,
    Number,
    Stage,
    Sentence,
}

const SLOTS: [(&str, Slot); 4] =
    [("{}", Slot::Anything), ("{n}", Slot::Number), ("{s}", Slot::Stage), ("{t}", Slot::Sentence)];

/// The sentence in Spanish, where it is known. Our words are spelt as `words` spells them; values stay as they are.
pub(super) fn spanish(english: &str, words: &Words) -> Option<String> {
    ours().chain(surroundings::OF_OTHERS).chain(&AROUND).find_map(|(form, told)| {
        let values = values(form, english, words)?;
        let values: Vec<&str> = values.iter().map(String::as_str).collect();
        let told = if words.ascii { ascii(told) } else { (*told).to_owned() };
        Some(fill(&told, &values))
    })
}

/// The sentences that we make.
fn ours() -> impl Iterator<Item = &'static (&'static str, &'static str)> {
    phrases::SPANISH.iter().chain(refusals::SPANISH).chain(surroundings::SPANISH).chain(probing::SPANISH)
}

/// What stands around a known sentence.
const AROUND: [(&str, &str); 5] = [
    ("left out: {t}", "excluida: {}"),
    ("{t}, and {n} more", "{}, y {} más"),
    ("{t} and {t}", "{} y {}"),
    ("{}:{n}:{n}: {t}", "{}:{}:{}: {}"),
    ("{}: {t}", "{}: {}"),
];

/// What stands in the slots, where the text has this form.
fn values(form: &str, text: &str, words: &Words) -> Option<Vec<String>> {
    let (first, mut behind) = next_slot(form);
    let mut rest = text.strip_prefix(first)?;
    let mut values = Vec::new();
    while let Some((slot, form)) = behind {
        let (part, next) = next_slot(form);
        let end = match (next.is_none(), part.is_empty()) {
            (true, true) => rest.len(),
            (true, false) => rest.strip_suffix(part)?.len(),
            _ => rest.find(part)?,
        };
        values.push(said(slot, &rest[..end], words)?);
        rest = &rest[end + part.len()..];
        behind = next;
    }
    rest.is_empty().then_some(values)
}

/// The text before the first slot; the slot and what follows it.
fn next_slot(form: &str) -> (&str, Option<(Slot, &str)>) {
    let found = SLOTS.iter().filter_map(|(mark, slot)| Some((form.find(mark)?, *mark, *slot)));
    match found.min_by_key(|(place, ..)| *place) {
        Some((place, mark, slot)) => (&form[..place], Some((slot, &form[place + mark.len()..]))),
        None => (form, None),
    }
}

/// The value as it stands in the Spanish sentence, if the slot takes it.
fn said(slot: Slot, value: &str, words: &Words) -> Option<String> {
    match slot {
        Slot::Anything => Some(value.to_owned()),
        Slot::Number => {
            let is_number = !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit() || byte == b',');
            is_number.then(|| value.to_owned())
        }
        Slot::Stage => {
            let stage = Stage::ALL.into_iter().find(|stage| stage.word() == value)?;
            Some(words.stage_with_code(Some(stage)))
        }
        Slot::Sentence => spanish(value, words),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::path::Path;

    use super::*;
    use crate::view::words::Lang;

    fn told(english: &str) -> Option<String> {
        spanish(english, Lang::Es.words())
    }

    #[test]
    fn a_known_sentence_is_said_with_its_values() {
        let cases = [
            ("188 objects compared with the template", "188 objetos comparados con la plantilla"),
            ("14 of 15 tables", "14 de 15 tablas"),
            ("14 of 14", "14 de 14"),
            ("do it", "lo lleva a cabo"),
            ("differs: index a: expected `x`, found `y`", "difiere: index a: se esperaba `x`, se encontró `y`"),
            ("a template may only make objects in {{schema}}", "una plantilla solo puede crear objetos en {{schema}}"),
            ("orders: 14 of 14, and 2 more", "orders: 14 de 14, y 2 más"),
            (
                "store 4 is copied, not verified yet",
                "la tienda 4 está copiada (copied), todavía no verificada (verified)",
            ),
        ];
        for (english, spanish) in cases {
            assert_eq!(told(english).as_deref(), Some(spanish));
        }
        assert_eq!(
            spanish("left out: it is created: it has no whole copy yet", Lang::Es.ascii_words()).as_deref(),
            Some("excluida: esta creada (created); aun no tiene una copia completa")
        );
    }

    #[test]
    fn what_only_looks_like_one_stays() {
        for text in ["nobody has said this", "ERROR: value of type x", "run a of ana", "the disk is full: see the log"]
        {
            assert_eq!(told(text), None);
        }
    }

    #[test]
    fn both_languages_have_the_same_slots() {
        for (form, told) in ours().chain(surroundings::OF_OTHERS).chain(&AROUND) {
            let slots: usize = SLOTS.iter().map(|(mark, _)| form.matches(mark).count()).sum();
            assert_eq!(slots, told.matches("{}").count(), "{form}");
            assert_eq!(ascii(told).matches('?').count(), told.matches('?').count(), "{told}");
        }
    }

    /// A sentence whose English was changed would be told in English again, and nobody would notice. Sentences are put
    /// together from pieces, so it is enough that each two neighbouring words are neighbours somewhere.
    #[test]
    fn the_english_is_still_said_somewhere() {
        let mut said = BTreeSet::new();
        read_folder(Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/src")), &mut said);
        let mut lost = vec![];
        for (form, _) in ours() {
            let mut behind = Some((Slot::Anything, *form));
            while let Some((_, rest)) = behind {
                let (part, next) = next_slot(rest);
                let new = pairs(part).into_iter().filter(|pair| !said.contains(pair));
                lost.extend(new.map(|pair| format!("`{pair}` of `{form}`")));
                behind = next;
            }
        }
        assert!(lost.is_empty(), "nobody says this any more:\n{}", lost.join("\n"));
    }

    /// The pairs of all files but our tables.
    fn read_folder(folder: &Path, said: &mut BTreeSet<String>) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() && !path.ends_with("view/words") {
                read_folder(&path, said);
            } else if path.extension().is_some_and(|ending| ending == "rs" || ending == "sql") {
                said.extend(pairs(&std::fs::read_to_string(&path).unwrap()));
            }
        }
    }

    fn pairs(text: &str) -> Vec<String> {
        let is_letter = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '\'');
        let words: Vec<&str> = text.split(|c| !is_letter(c)).filter(|word| !word.is_empty()).collect();
        words.windows(2).map(|pair| pair.join(" ")).collect()
    }
}
