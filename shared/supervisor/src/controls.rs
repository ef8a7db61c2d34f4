//! What an operator has switched off. It survives the process: what was stopped stays stopped until it is started.

use std::{
    collections::BTreeSet,
    fs, io,
    path::{Path, PathBuf},
};

use granary_silo::SiloName;
use serde::{Deserialize, Serialize};
use tokio::sync::watch;

use crate::error::Error;

/// Whether something goes on.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Switch {
    /// It does.
    #[default]
    On,
    /// Not until somebody starts it.
    Off,
}

/// What is switched on and off.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Controls {
    /// Whether sources are harvested when their time has come.
    pub schedule: Switch,
    /// Whether the queue is worked.
    pub workers: Switch,
    /// Sources that are left alone until somebody starts them.
    pub held: BTreeSet<SiloName>,
}

/// The controls of a process, watched by its parts.
#[derive(Debug)]
pub(crate) struct Panel {
    controls: watch::Sender<Controls>,
    /// Where they are kept, on a machine that keeps them.
    file: Option<PathBuf>,
}

impl Panel {
    /// The controls as they were left. A file that cannot be read is logged, and everything is on.
    pub(crate) fn new(file: Option<PathBuf>) -> Self {
        let kept = file.as_deref().map(read).transpose().unwrap_or_else(|error| {
            tracing::error!("what was switched off is forgotten: {error}");
            None
        });
        Self { controls: watch::Sender::new(kept.unwrap_or_default()), file }
    }

    pub(crate) fn now(&self) -> Controls {
        self.controls.borrow().clone()
    }

    pub(crate) fn watch(&self) -> watch::Receiver<Controls> {
        self.controls.subscribe()
    }

    /// Changes them at once, and then writes them down.
    pub(crate) fn set(&self, change: impl FnOnce(&mut Controls)) -> Result<(), Error> {
        self.controls.send_modify(change);
        let Some(path) = &self.file else { return Ok(()) };
        write(path, &self.now()).map_err(|source| Error::Controls { path: path.clone(), source })
    }
}

fn read(path: &Path) -> io::Result<Controls> {
    match fs::read(path) {
        Ok(bytes) => Ok(serde_json::from_slice(&bytes)?),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Controls::default()),
        Err(error) => Err(error),
    }
}

/// A reader sees the old file or the new one.
fn write(path: &Path, controls: &Controls) -> io::Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    let unfinished = path.with_extension("new");
    fs::write(&unfinished, serde_json::to_vec_pretty(controls)?)?;
    fs::rename(unfinished, path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_switched_off_stays_off_in_the_next_process() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("local/controls.json");
        let panel = Panel::new(Some(file.clone()));
        assert_eq!(panel.now(), Controls::default());
        panel
            .set(|controls| {
                controls.workers = Switch::Off;
                controls.held.insert("maths".parse().unwrap());
            })
            .unwrap();
        let kept = Panel::new(Some(file.clone())).now();
        assert_eq!((kept.schedule, kept.workers, kept.held.len()), (Switch::On, Switch::Off, 1));
        fs::write(&file, "{").unwrap();
        assert_eq!(
            Panel::new(Some(file)).now(),
            Controls::default(),
            "a file that cannot be read stops nothing"
        );
    }
}
