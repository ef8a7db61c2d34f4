use crate::xml::{Broken, Element, Level, Walker};

/// The metadata's own root element, just met: where a finder begins.
pub(crate) struct Payload<'a> {
    pub(crate) walker: Walker<'a>,
    pub(crate) root: Element<'a>,
    /// Where the root lies: its siblings are asked for here.
    pub(crate) level: Level,
    /// The OAI-PMH `<metadata>` around it.
    wrapper: Option<Element<'a>>,
}

impl<'a> Payload<'a> {
    /// Goes to the root element, or to the first element in it when it is OAI-PMH's `<metadata>`; `None` when
    /// nothing is in that.
    pub(crate) fn open(text: &'a str) -> Result<Option<Self>, Broken> {
        let mut walker = Walker::new(text);
        let root = walker.root()?;
        if root.name() != "metadata" {
            return Ok(Some(Self { walker, root, level: Level::DOCUMENT, wrapper: None }));
        }
        let level = root.inside();
        let inner = walker.child(level)?;
        Ok(inner.map(|inner| Self { walker, root: inner, level, wrapper: Some(root) }))
    }

    /// Whether the root, or what wraps it, declares a namespace with this in its name. Only for formats whose root
    /// element has a name that other formats use too.
    pub(crate) fn declares(&self, part: &str) -> bool {
        self.root.declares(part) || self.wrapper.as_ref().is_some_and(|wrapper| wrapper.declares(part))
    }
}
