//! The head of a message that begins a tunnel.

use tokio::io::AsyncReadExt as _;
use tokio::net::TcpStream;

/// Bytes at most.
const HEAD: usize = 8 * 1024;

/// Reads it, and not one byte more: what follows is the tunnel's.
pub async fn read(stream: &mut TcpStream) -> std::io::Result<String> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        if head.len() == HEAD {
            return Err(std::io::Error::other("the head is too long"));
        }
        head.push(stream.read_u8().await?);
    }
    Ok(String::from_utf8_lossy(&head).into_owned())
}
