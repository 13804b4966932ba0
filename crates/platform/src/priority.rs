//! Lower priority for background work: it gets the processor time that requests do not need.

/// Lowers the priority of this thread. If that is refused, the priority stays.
pub fn step_back(nice: i32) {
    // On Linux, the priority of a thread id applies to that thread only.
    let _ = rustix::process::setpriority_process(Some(rustix::thread::gettid()), nice);
}
