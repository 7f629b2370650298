//! Who shares a live team with a member, and the first rows of each of them.

use super::bind::Bind;
use super::value::Value;
use diesel::QueryResult;
use diesel::backend::Backend;
use diesel::query_builder::AstPass;

/// The ids of those who share a live team with the member of an organization, and the member's own: who is in no team
/// reaches that, too.
pub(super) fn mates<'b, DB: Backend>(
    out: &mut AstPass<'_, 'b, DB>,
    (organization, member): (&'b Value, &'b Value),
    and: &str,
) -> QueryResult<()>
where
    Value: Bind<DB>,
{
    out.push_sql(
        "SELECT theirs.user_id FROM team_members mine JOIN team_members theirs \
         ON theirs.organization_id = mine.organization_id AND theirs.team_id = mine.team_id \
         AND theirs.deleted_at IS NULL WHERE mine.organization_id = ",
    );
    organization.bind(out)?;
    out.push_sql(" AND mine.deleted_at IS NULL AND mine.user_id = ");
    member.bind(out)?;
    out.push_sql(and);
    member.bind(out)
}

/// Is one of the ids that `query` gives for each of them, who is `mate.user_id` in it. No planner is left another way
/// than to ask for each and to look up what comes of it by the key.
pub(super) fn first_of_each<'a, 'b, DB: Backend>(
    out: &mut AstPass<'a, 'b, DB>,
    of: (&'b Value, &'b Value),
    table: &str,
    query: impl FnOnce(&mut AstPass<'a, 'b, DB>) -> QueryResult<()>,
) -> QueryResult<()>
where
    Value: Bind<DB>,
{
    let is_lateral = <Value as Bind<DB>>::POSTGRES;
    out.push_sql(match is_lateral {
        true => " = ANY (ARRAY(SELECT first.id FROM (",
        false => " IN (SELECT first.id FROM (",
    });
    mates(out, of, " UNION SELECT ")?;
    out.push_sql(") mate CROSS JOIN ");
    if is_lateral {
        out.push_sql("LATERAL (");
        query(out)?;
        out.push_sql(") first))");
        return Ok(());
    }
    out.push_sql(table);
    out.push_sql(" first WHERE first.organization_id = ");
    of.0.bind(out)?;
    out.push_sql(" AND first.id IN (");
    query(out)?;
    out.push_sql("))");
    Ok(())
}
