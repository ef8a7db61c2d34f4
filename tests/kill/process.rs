//! A process that is killed.

use std::{
    os::unix::process::ExitStatusExt as _,
    process::{Child, Command},
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

    /// As Ctrl-C does.
    pub(crate) fn interrupt(&self) {
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").args(["-INT", &pid]).status().unwrap().success());
    }

    /// Waits for its end.
    pub(crate) fn must_end_with(mut self, code: i32) {
        let ended = self.child.wait().unwrap();
        let stderr = std::io::read_to_string(self.child.stderr.take().unwrap()).unwrap();
        assert_eq!(ended.code(), Some(code), "granary {}\n{stderr}", self.command);
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // A test that fails leaves nothing behind that runs. What has ended cannot be killed, and need not.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
