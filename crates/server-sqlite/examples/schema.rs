//! Prints the schema of a database: `migrations/keys/schema.sql` without arguments, and
//! `migrations/vault/schema.sql` with the argument `vault`.

use std::io::Write as _;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let schema = if std::env::args().any(|argument| argument == "vault") {
        wardseal_server_sqlite::vault_schema()?
    } else {
        wardseal_server_sqlite::keys_schema()?
    };
    std::io::stdout().write_all(schema.as_bytes())?;
    Ok(())
}
