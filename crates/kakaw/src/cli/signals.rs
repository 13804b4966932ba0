//! Signals to `kakaw run` while its command runs: the command gets them too, and `kakaw run` waits for its end.

use std::fs::File;
use std::process::ExitStatus;

use rustix::process::{Pid, Signal, getpgid, getpgrp, kill_process};
use rustix::termios::tcgetpgrp;
use tokio::process::Child;
use tokio::signal::unix::{self, SignalKind, signal};

/// Catches signals. From now on they end nothing by themselves.
pub struct Signals {
    hangup: unix::Signal,
    interrupt: unix::Signal,
    quit: unix::Signal,
    terminate: unix::Signal,
}

impl Signals {
    /// # Errors
    /// The system cannot install a handler.
    pub fn catch() -> std::io::Result<Self> {
        Ok(Self {
            hangup: signal(SignalKind::hangup())?,
            interrupt: signal(SignalKind::interrupt())?,
            quit: signal(SignalKind::quit())?,
            terminate: signal(SignalKind::terminate())?,
        })
    }

    /// Returns the next signal.
    pub async fn next(&mut self) -> Signal {
        tokio::select! {
            Some(()) = self.hangup.recv() => Signal::HUP,
            Some(()) = self.interrupt.recv() => Signal::INT,
            Some(()) = self.quit.recv() => Signal::QUIT,
            Some(()) = self.terminate.recv() => Signal::TERM,
            else => std::future::pending().await,
        }
    }

    /// Returns a signal that has arrived already, if there is one.
    pub async fn came(&mut self) -> Option<Signal> {
        tokio::select! { biased; signal = self.next() => Some(signal), () = std::future::ready(()) => None }
    }

    /// Waits for a command to end, and forwards the signals that arrive meanwhile.
    ///
    /// # Errors
    /// Waiting for the command failed.
    pub async fn wait(&mut self, command: &mut Child) -> std::io::Result<ExitStatus> {
        loop {
            tokio::select! {
                status = command.wait() => return status,
                signal = self.next() => {
                    if let Some(pid) = pid(command).filter(|pid| !has_it_already(*pid, signal)) {
                        // The command may have ended a moment ago.
                        let _ = kill_process(pid, signal);
                    }
                }
            }
        }
    }
}

/// Returns the exit code of a process that a signal ended, like a shell.
#[must_use]
pub const fn exit_code(signal: Signal) -> i32 {
    128 + signal.as_raw()
}

/// Returns the process id while the process runs.
#[must_use]
pub fn pid(command: &Child) -> Option<Pid> {
    command.id().and_then(|id| Pid::from_raw(id.try_into().ok()?))
}

/// The terminal sends Ctrl-C and Ctrl-\ to every process in the foreground. A forwarded signal would be a second key
/// press.
fn has_it_already(pid: Pid, signal: Signal) -> bool {
    let of_a_key = signal == Signal::INT || signal == Signal::QUIT;
    let foreground = || tcgetpgrp(File::open("/dev/tty").ok()?).ok();
    of_a_key && getpgid(Some(pid)) == Ok(getpgrp()) && foreground() == Some(getpgrp())
}
