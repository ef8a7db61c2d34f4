//! Which process holds a message: so that those of a process that is gone are free at once.

use std::fs;

use rustix::{io::Errno, process::Pid};

/// This process, as a text without an inner meaning to anybody else: host, boot, process namespace, process number and
/// start, one blank between them.
///
/// Process numbers are used again; the start tells them apart, in clock ticks since the boot. Containers share the boot
/// and have numbers of their own.
pub(super) fn this_process() -> String {
    let pid = std::process::id();
    let start = stat(pid).map(|stat| stat.start).unwrap_or_default();
    format!("{} {pid} {start}", here())
}

/// Whether the process was on this machine and is gone. In doubt it is not.
pub(super) fn is_gone(holder: &str) -> bool {
    let parts: Vec<_> = holder.split(' ').collect();
    let [host, boot, namespace, pid, start] = parts[..] else { return false };
    let (here, Ok(pid)) = (here(), pid.parse::<u32>()) else { return false };
    let here: Vec<_> = here.split(' ').collect();
    // Without a start it ran where nothing can be told.
    if host != here[0] || start.is_empty() {
        return false;
    }
    if boot != here[1] {
        return true;
    }
    namespace == here[2] && has_ended(pid, start)
}

/// Whether the process with this number and start has ended.
fn has_ended(pid: u32, start: &str) -> bool {
    match stat(pid) {
        Some(stat) => stat.start != start || stat.state == State::Ended,
        // Its folder may only be hidden (mount option hidepid).
        None => {
            let pid = i32::try_from(pid).ok().and_then(Pid::from_raw);
            pid.is_none_or(|pid| rustix::process::test_kill_process(pid) == Err(Errno::SRCH))
        }
    }
}

/// Host, boot and process namespace; the last two are empty where there is no `/proc`.
fn here() -> String {
    let host = rustix::system::uname().nodename().to_string_lossy().replace(' ', "_");
    let boot = fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default();
    let namespace = fs::read_link("/proc/self/ns/pid").unwrap_or_default();
    format!("{host} {} {}", boot.trim(), namespace.display())
}

#[derive(PartialEq, Eq)]
enum State {
    Running,
    /// A zombie: it does nothing any more, and waits for its parent to notice.
    Ended,
}

struct Stat {
    state: State,
    start: String,
}

/// Fields 3 and 22 of Linux's `/proc/PID/stat` (proc(5)).
fn stat(pid: u32) -> Option<Stat> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The second field is the program's name in parentheses, and may hold blanks and parentheses.
    let mut from_third = stat[stat.rfind(')')? + 1..].split_whitespace();
    let state = match from_third.next()? {
        "Z" | "X" | "x" => State::Ended,
        _ => State::Running,
    };
    Some(Stat { state, start: from_third.nth(18)?.to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// This process with one part changed.
    fn altered(part: usize, value: &str) -> String {
        let ours = this_process();
        let mut parts: Vec<_> = ours.split(' ').collect();
        parts[part] = value;
        parts.join(" ")
    }

    #[test]
    fn this_process_is_here() {
        assert!(!is_gone(&this_process()));
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn a_process_that_has_ended_is_gone() {
        let mut child = std::process::Command::new("true").spawn().unwrap();
        let Stat { start, .. } = stat(child.id()).unwrap();
        let holder = format!("{} {} {start}", here(), child.id());
        child.wait().unwrap();
        assert!(is_gone(&holder));
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn a_number_that_is_used_again_is_another_process() {
        assert!(is_gone(&altered(4, "1")));
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn a_process_of_an_earlier_boot_is_gone() {
        assert!(is_gone(&altered(1, "5d29b0ee-0000-0000-0000-000000000000")));
    }

    #[test]
    fn a_process_that_cannot_be_seen_from_here_is_left_alone() {
        for holder in [
            altered(0, "elsewhere"),
            altered(4, ""),
            format!("{} x 1", here()),
            "nonsense".to_owned(),
            String::new(),
        ] {
            assert!(!is_gone(&holder), "{holder}");
        }
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn a_process_of_another_container_is_left_alone() {
        assert!(!is_gone(&altered(2, "pid:[1]").replace(&format!(" {} ", std::process::id()), " 4194304 ")));
    }
}
