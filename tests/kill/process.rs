//! A process that is killed.

use std::{
    os::unix::process::ExitStatusExt as _,
    process::{Child, Command, ExitStatus},
};

use crate::support::Granary;

/// A command that runs. It is killed when it is dropped.
pub(crate) struct Process {
    /// For people.
    pub(crate) command: &'static str,
    child: Child,
}

impl Process {
    pub(crate) fn start(granary: &Granary, command: &'static str, args: &[String]) -> Self {
        let args: Vec<_> = args.iter().map(String::as_str).collect();
        Self { command, child: granary.spawn(&args) }
    }

    pub(crate) fn is_running(&mut self) -> bool {
        self.child.try_wait().unwrap().is_none()
    }

    /// Kills it. False when it had ended before.
    pub(crate) fn kill(&mut self) -> bool {
        self.child.kill().unwrap();
        self.child.wait().unwrap().signal() == Some(9)
    }

    /// Waits for its end: all is done.
    pub(crate) fn must_end_well(mut self) {
        let (ended, stderr) = self.end();
        assert_eq!(ended.code(), Some(0), "granary {}\n{stderr}", self.command);
    }

    /// Does what Ctrl-C does, and waits for its end.
    pub(crate) fn interrupt(mut self) {
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").args(["-INT", &pid]).status().unwrap().success());
        let (ended, stderr) = self.end();
        // One that has only just been started has not begun to listen, and nothing else.
        let has_not_begun = ended.signal() == Some(2);
        assert!(ended.code() == Some(130) || has_not_begun, "granary {}: {ended}\n{stderr}", self.command);
    }

    fn end(&mut self) -> (ExitStatus, String) {
        let ended = self.child.wait().unwrap();
        (ended, std::io::read_to_string(self.child.stderr.take().unwrap()).unwrap())
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // A test that fails leaves nothing behind that runs. What has ended cannot be killed, and need not.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
