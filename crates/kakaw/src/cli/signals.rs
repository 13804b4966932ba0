//! The signals of `kakaw run` while its command runs: the command gets them too, and its end is what is waited for.

use std::fs::File;
use std::process::ExitStatus;

use rustix::process::{Pid, Signal, getpgid, getpgrp, kill_process};
use rustix::termios::tcgetpgrp;
use tokio::process::Child;
use tokio::signal::unix::{self, SignalKind, signal};

/// From here on these end nothing by themselves.
pub struct Signals {
    hangup: unix::Signal,
    interrupt: unix::Signal,
    quit: unix::Signal,
    terminate: unix::Signal,
}

impl Signals {
    /// # Errors
    /// The system has no handler for them.
    pub fn catch() -> std::io::Result<Self> {
        Ok(Self {
            hangup: signal(SignalKind::hangup())?,
            interrupt: signal(SignalKind::interrupt())?,
            quit: signal(SignalKind::quit())?,
            terminate: signal(SignalKind::terminate())?,
        })
    }

    /// The next of them.
    pub async fn next(&mut self) -> Signal {
        tokio::select! {
            Some(()) = self.hangup.recv() => Signal::HUP,
            Some(()) = self.interrupt.recv() => Signal::INT,
            Some(()) = self.quit.recv() => Signal::QUIT,
            Some(()) = self.terminate.recv() => Signal::TERM,
            else => std::future::pending().await,
        }
    }

    /// One that came already.
    pub async fn came(&mut self) -> Option<Signal> {
        tokio::select! { biased; signal = self.next() => Some(signal), () = std::future::ready(()) => None }
    }

    /// Waits for a command, and hands it what comes meanwhile.
    ///
    /// # Errors
    /// It cannot be waited for.
    pub async fn wait(&mut self, command: &mut Child) -> std::io::Result<ExitStatus> {
        loop {
            tokio::select! {
                status = command.wait() => return status,
                signal = self.next() => {
                    if let Some(pid) = pid(command).filter(|pid| !has_it_already(*pid, signal)) {
                        // It may have ended a moment ago.
                        let _ = kill_process(pid, signal);
                    }
                }
            }
        }
    }
}

/// The exit code of what a signal ended, as shells say it.
#[must_use]
pub const fn exit_code(signal: Signal) -> i32 {
    128 + signal.as_raw()
}

/// The process, as long as it runs.
#[must_use]
pub fn pid(command: &Child) -> Option<Pid> {
    command.id().and_then(|id| Pid::from_raw(id.try_into().ok()?))
}

/// Ctrl-C and Ctrl-\ go to every process in the terminal's foreground; a second signal would be a second key.
fn has_it_already(pid: Pid, signal: Signal) -> bool {
    let of_a_key = signal == Signal::INT || signal == Signal::QUIT;
    let foreground = || tcgetpgrp(File::open("/dev/tty").ok()?).ok();
    of_a_key && getpgid(Some(pid)) == Ok(getpgrp()) && foreground() == Some(getpgrp())
}
