use crate::entity::Entity;
use crate::value::Id;
use serde::{Deserialize, Serialize};
use validator::Validate;

/// Something that was uploaded. Its bytes stand in a store, under a key that no caller chooses.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Validate)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct File {
    /// What it is called, without folders
    #[validate(length(min = 1, max = 255))]
    pub name: String,
    /// Its media type, as its bytes say and not as the caller did
    pub media_type: String,
    /// Its bytes
    pub size: i64,
    /// SHA-256 of the bytes, in hexadecimal
    pub sha256: String,
    /// Where the bytes stand
    #[serde(skip)]
    pub storage_key: String,
    /// Who stored it: a user's id
    #[serde(default)]
    pub owner_id: Option<Id>,
}

impl Entity for File {
    const NAME: &'static str = "file";
    const COLLECTION: &'static str = "files";
    const OWNED: bool = true;

    fn owner(&self) -> Option<Id> {
        self.owner_id
    }
    fn set_owner(&mut self, owner: Option<Id>) {
        self.owner_id = owner;
    }
}

impl File {
    /// The most characters of a name.
    pub const NAME_LENGTH: usize = 255;

    /// The last part of the name that a caller gave, cleaned: never a path. None where nothing is left of it.
    pub fn plain_name(given: &str) -> Option<String> {
        let last = given.rsplit(['/', '\\']).next()?;
        let shown: String = last.chars().filter(|c| !c.is_control()).collect();
        let name = crate::value::text::clean(&shown, false)?;
        let is_name = !name.trim_matches('.').is_empty();
        is_name.then_some(name)
    }
}

/// What a file may be; each has a size limit of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileKind {
    /// PNG, JPEG or WebP
    Image,
    /// PDF, office documents, text
    Document,
}

const IMAGES: [&str; 3] = ["image/png", "image/jpeg", "image/webp"];
const DOCUMENTS: [&str; 10] = [
    "application/pdf",
    "application/msword",
    "application/vnd.ms-excel",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "application/vnd.openxmlformats-officedocument.presentationml.presentation",
    "application/vnd.oasis.opendocument.text",
    "application/vnd.oasis.opendocument.spreadsheet",
    "text/plain",
    "text/csv",
];

impl FileKind {
    /// What files of a media type are; none for what isn't taken.
    pub fn of(media_type: &str) -> Option<FileKind> {
        if IMAGES.contains(&media_type) {
            return Some(FileKind::Image);
        }
        DOCUMENTS.contains(&media_type).then_some(FileKind::Document)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_never_a_path() {
        let name = |given| File::plain_name(given);
        assert_eq!(name("offer.pdf").as_deref(), Some("offer.pdf"));
        assert_eq!(name("../../etc/passwd").as_deref(), Some("passwd"));
        assert_eq!(name("C:\\Users\\me\\über.pdf").as_deref(), Some("über.pdf"));
        assert_eq!(name("a\0b\r\n.txt").as_deref(), Some("ab.txt"));
        for nothing in ["", "/", "..", ".", "a/..", "   "] {
            assert_eq!(name(nothing), None, "{nothing:?}");
        }
        // Cut, it would lose what it ends in.
        assert_eq!(name(&"x".repeat(300)).map(|name| name.len()), Some(300));
    }
}
