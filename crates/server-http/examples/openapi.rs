//! Prints the OpenAPI document: `cargo run -p wardseal-server-http --example openapi`.

use std::io::Write as _;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let text = wardseal_server_http::openapi::text()?;
    std::io::stdout().write_all(text.as_bytes())?;
    Ok(())
}
