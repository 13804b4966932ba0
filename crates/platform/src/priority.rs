//! Work that waits for nobody steps back: what the rest leaves of the processor is enough for it.

/// Lowers the priority of this thread. Where that is refused, things work as before.
pub fn step_back(nice: i32) {
    // On Linux the priority of a thread's id is that thread's alone.
    let _ = rustix::process::setpriority_process(Some(rustix::thread::gettid()), nice);
}
