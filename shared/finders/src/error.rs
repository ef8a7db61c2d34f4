/// Why nothing can be said about the files of a record.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is no XML in the metadata, or it breaks off before its format is known. What breaks later is one
    /// of the [`problems`](crate::Found::problems) of the answer.
    #[error("the metadata of {identifier} is not XML")]
    NotXml {
        /// The record's OAI identifier.
        identifier: String,
        /// What is wrong, and at which byte.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}
