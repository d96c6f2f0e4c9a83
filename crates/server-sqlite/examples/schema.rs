//! Prints the schema of the key server's database: `migrations/keys/schema.sql`.

use std::io::Write as _;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let schema = wardseal_server_sqlite::keys_schema()?;
    std::io::stdout().write_all(schema.as_bytes())?;
    Ok(())
}
