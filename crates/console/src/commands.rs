//! Commands for a terminal, as they can be copied.

use serde_json::json;

/// What the last page shows: whoever copies it has been at work in the organization.
pub(crate) struct Commands {
    /// Asks for the password, so that it stands neither on the page nor in the shell's history
    pub(crate) password: &'static str,
    pub(crate) sign_in: String,
    pub(crate) invite: String,
    /// For a file with columns called as fields are
    pub(crate) import: String,
}

impl Commands {
    /// For the server at `base`, an owner and the short name of an organization.
    pub(crate) fn new(base: &str, owner: &str, slug: &str) -> Commands {
        let email = quoted(&json!(owner).to_string());
        let sign_in = format!(
            r#"API={base}/api/v1
JSON='Content-Type: application/json'
ESCAPED=$(printf %s "$PASSWORD" | sed 's/[\\"]/\\&/g')
TOKEN=$(printf '{{"email": %s, "password": "%s"}}' \
    {email} "$ESCAPED" |
  curl -s $API/auth/login -H "$JSON" --data-binary @- |
  sed 's/.*"access_token":"\([^"]*\)".*/\1/')
AUTH="Authorization: Bearer $TOKEN"
curl -s $API/organizations/{slug} -H "$AUTH""#
        );
        let invite = format!(
            r#"curl -s $API/organizations/{slug}/invitations \
  -H "$AUTH" -H "$JSON" \
  -d '{{"email": "ann@example.com", "name": "Ann Lee"}}'"#
        );
        let import = format!(
            "firma import customers.csv --organization {slug} \\\n  --entity companies --key name --dry-run"
        );
        Commands {
            import,
            password: "IFS= read -rs PASSWORD",
            sign_in,
            invite,
        }
    }
}

/// The command that sets a password, run where the server is.
pub(crate) fn set_password(email: &str) -> String {
    format!("firma admin password --email {email}")
}

/// As one word of a shell.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}
