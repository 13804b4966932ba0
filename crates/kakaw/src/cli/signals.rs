//! The signals of `kakaw run` while its command runs: they are forwarded, and `kakaw run` waits for the command to end.

use std::fs::File;
use std::process::ExitStatus;

use rustix::process::{Pid, Signal, getpgid, getpgrp, kill_process};
use rustix::termios::tcgetpgrp;
use tokio::process::Child;
use tokio::signal::unix::{self, SignalKind, signal};

/// While this value exists, these signals do not end the process.
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

    /// The next signal.
    pub async fn next(&mut self) -> Signal {
        tokio::select! {
            Some(()) = self.hangup.recv() => Signal::HUP,
            Some(()) = self.interrupt.recv() => Signal::INT,
            Some(()) = self.quit.recv() => Signal::QUIT,
            Some(()) = self.terminate.recv() => Signal::TERM,
            else => std::future::pending().await,
        }
    }

    /// A signal that has already arrived.
    pub async fn came(&mut self) -> Option<Signal> {
        tokio::select! { biased; signal = self.next() => Some(signal), () = std::future::ready(()) => None }
    }

    /// Waits for a command, and forwards signals to it.
    ///
    /// # Errors
    /// The system cannot wait for it.
    pub async fn wait(&mut self, command: &mut Child) -> std::io::Result<ExitStatus> {
        loop {
            tokio::select! {
                status = command.wait() => return status,
                signal = self.next() => {
                    if let Some(pid) = pid(command).filter(|pid| !has_it_already(*pid, signal)) {
                        // The command may have just ended.
                        let _ = kill_process(pid, signal);
                    }
                }
            }
        }
    }
}

/// The exit code for a signal, as shells report it.
#[must_use]
pub const fn exit_code(signal: Signal) -> i32 {
    128 + signal.as_raw()
}

/// The process id, while the process runs.
#[must_use]
pub fn pid(command: &Child) -> Option<Pid> {
    command.id().and_then(|id| Pid::from_raw(id.try_into().ok()?))
}

/// The terminal sends Ctrl-C and Ctrl-\ to every foreground process; forwarding them would deliver them twice.
fn has_it_already(pid: Pid, signal: Signal) -> bool {
    let of_a_key = signal == Signal::INT || signal == Signal::QUIT;
    let foreground = || tcgetpgrp(File::open("/dev/tty").ok()?).ok();
    of_a_key && getpgid(Some(pid)) == Ok(getpgrp()) && foreground() == Some(getpgrp())
}
