//! What always holds, as statements that count the rows for which it doesn't.

use crate::fault::Fault;
use crate::sql::Sql;
use crate::store::Tx;
use diesel::sql_types::BigInt;
use firma_auth::access::Operating;

/// One of them.
pub struct Invariant {
    /// What holds
    pub name: &'static str,
    /// Counts what breaks it in the organization that stands where `$here` is
    counts: &'static str,
    /// What to do about it
    pub remedy: &'static str,
}

/// What heals a broken invariant where no call of the API does.
const BY_HAND: &str =
    "a row was changed behind the application's back: see `firma audit verify`, and restore a backup";

pub const INVARIANTS: &[Invariant] = &[
    Invariant {
        name: "an organization's owner is an active member with the role ceo",
        counts: "SELECT COUNT(*) FROM organizations o WHERE o.organization_id = $here AND o.deleted_at IS NULL \
                 AND (NOT EXISTS (SELECT 1 FROM memberships m JOIN role_assignments a \
                 ON a.organization_id = m.organization_id AND a.user_id = m.id AND a.is_active AND a.deleted_at IS NULL \
                 AND a.expires_at IS NULL JOIN roles r ON r.organization_id = a.role_organization_id \
                 AND r.id = a.role_id AND r.name = 'ceo' WHERE m.organization_id = o.organization_id \
                 AND m.id = o.owner_id AND m.deleted_at IS NULL AND m.is_active AND m.joined_at IS NOT NULL) OR \
                 EXISTS (SELECT 1 FROM users u WHERE u.id = o.owner_id AND u.deleted_at IS NOT NULL))",
        remedy: BY_HAND,
    },
    Invariant {
        name: "nobody holds a deleted role for good",
        counts: "SELECT COUNT(*) FROM role_assignments a JOIN roles r ON r.organization_id = a.role_organization_id \
                 AND r.id = a.role_id WHERE a.organization_id = $here AND a.is_active AND a.deleted_at IS NULL \
                 AND a.expires_at IS NULL AND r.deleted_at IS NOT NULL",
        remedy: "restore the role over the API",
    },
    Invariant {
        name: "an API key is found by its prefix, and acts as who made it",
        counts: "SELECT COUNT(*) FROM api_keys k WHERE k.organization_id = $here AND NOT EXISTS (SELECT 1 \
                 FROM api_key_prefixes p WHERE p.organization_id = k.organization_id AND p.key_id = k.id \
                 AND p.prefix = k.prefix AND p.user_id = k.created_by)",
        remedy: BY_HAND,
    },
    Invariant {
        name: "what is read of an organization before any grant is what its row says",
        counts: "SELECT COUNT(*) FROM organizations o JOIN tenants t ON t.id = o.id WHERE o.organization_id = $here \
                 AND (t.slug <> o.slug OR t.status <> o.status OR t.currency <> o.default_currency \
                 OR t.timezone <> o.timezone OR t.owner_id <> o.owner_id OR (t.owner_id IS NULL) <> (o.owner_id IS NULL) \
                  OR (t.deleted_at IS NULL) <> (o.deleted_at IS NULL) OR COALESCE(t.domain, '') <> \
                  CASE WHEN o.domain_verified_at IS NULL THEN '' ELSE o.domain END \
                  OR o.settings NOT LIKE '%\"audit_days\":' || t.audit_days || ',%' \
                  AND o.settings NOT LIKE '%\"audit_days\":' || t.audit_days || '}%' \
                 OR t.audit_days IS NULL AND o.settings LIKE '%\"audit_days\":%' \
                 AND o.settings NOT LIKE '%\"audit_days\":null%')",
        remedy: BY_HAND,
    },
    Invariant {
        name: "an organization has a head, and it has the number of its last entry",
        counts: "SELECT COUNT(*) FROM tenants t LEFT JOIN heads h ON h.organization_id = t.id WHERE t.id = $here \
                 AND (h.last_number IS NULL OR h.last_number <> COALESCE((SELECT MAX(a.number) FROM audit_entries a \
                 WHERE a.organization_id = $here), (SELECT MAX(c.number) FROM audit_checkpoints c \
                 WHERE c.organization_id = $here), 0))",
        remedy: BY_HAND,
    },
    Invariant {
        name: "a pipeline has exactly one won and one lost stage",
        counts: "SELECT COUNT(*) FROM pipelines p WHERE p.organization_id = $here AND p.deleted_at IS NULL AND \
                 ((SELECT COUNT(*) FROM stages s WHERE s.organization_id = p.organization_id AND s.pipeline_id = p.id \
                 AND s.deleted_at IS NULL AND s.kind = 'WON') <> 1 OR \
                 (SELECT COUNT(*) FROM stages s WHERE s.organization_id = p.organization_id AND s.pipeline_id = p.id \
                 AND s.deleted_at IS NULL AND s.kind = 'LOST') <> 1)",
        remedy: BY_HAND,
    },
    Invariant {
        name: "no live stage is in a deleted pipeline",
        counts: "SELECT COUNT(*) FROM stages s JOIN pipelines p ON p.organization_id = s.organization_id \
                 AND p.id = s.pipeline_id WHERE s.organization_id = $here AND s.deleted_at IS NULL \
                 AND p.deleted_at IS NOT NULL",
        remedy: "restore the pipeline over the API, or delete the stage",
    },
    Invariant {
        name: "no live deal is in a deleted stage or pipeline",
        counts: "SELECT COUNT(*) FROM deals d JOIN stages s ON s.organization_id = d.organization_id \
                 AND s.id = d.stage_id JOIN pipelines p ON p.organization_id = d.organization_id \
                 AND p.id = d.pipeline_id WHERE d.organization_id = $here AND d.deleted_at IS NULL \
                 AND (s.deleted_at IS NOT NULL OR p.deleted_at IS NOT NULL)",
        remedy: "restore the stage over the API, or move the deal",
    },
    Invariant {
        name: "a deal's status is what its stage means",
        counts: "SELECT COUNT(*) FROM deals d JOIN stages s ON s.organization_id = d.organization_id \
                 AND s.id = d.stage_id WHERE d.organization_id = $here AND d.status <> s.kind",
        remedy: "move the deal to another stage and back",
    },
    Invariant {
        name: "a deal stands in the stage that its history ends with",
        counts: "SELECT COUNT(*) FROM deals d WHERE d.organization_id = $here AND d.deleted_at IS NULL AND \
                 (SELECT COUNT(*) FROM stage_periods p WHERE p.organization_id = d.organization_id \
                 AND p.deal_id = d.id AND p.left_at IS NULL AND p.stage_id = d.stage_id) <> 1",
        remedy: "move the deal to another stage and back",
    },
    Invariant {
        name: "no live membership is of a deleted team",
        counts: "SELECT COUNT(*) FROM team_members m JOIN teams t ON t.organization_id = m.organization_id \
                 AND t.id = m.team_id WHERE m.organization_id = $here AND m.deleted_at IS NULL \
                 AND t.deleted_at IS NOT NULL",
        remedy: "restore the team over the API, or take the members out of it",
    },
    Invariant {
        name: "nobody who isn't active is in a team",
        counts: "SELECT COUNT(*) FROM team_members p JOIN memberships m ON m.organization_id = p.organization_id \
                 AND m.id = p.user_id WHERE p.organization_id = $here AND p.deleted_at IS NULL AND NOT m.is_active",
        remedy: "take the member out of the team over the API",
    },
];

impl Tx<'_> {
    /// How many rows of the organization break it.
    pub fn broken(&mut self, operating: Operating, invariant: &Invariant) -> Result<i64, Fault> {
        let mut pieces = invariant.counts.split("$here");
        let mut statement = Sql::<BigInt>::text(pieces.next().unwrap_or_default());
        for piece in pieces {
            statement = statement.bind(operating.organization()).then(piece);
        }
        statement.one(self)
    }
}
