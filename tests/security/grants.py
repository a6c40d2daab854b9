"""What a role was granted, each as the statement that takes it away."""

import psycopg

# What the role owns is its own: only grants on others' objects, and policies for it, count.
GRANTS = """
    with granted as (
        select 'table' as kind, c.oid::regclass::text as name, null as part, a.privilege_type
        from pg_class as c cross join aclexplode(c.relacl) as a
        where a.grantee = %(role)s::regrole and c.relowner <> a.grantee
        union all
        select 'table', c.attrelid::regclass::text, quote_ident(c.attname), a.privilege_type
        from pg_attribute as c cross join aclexplode(c.attacl) as a
        where a.grantee = %(role)s::regrole
        union all
        select 'function', p.oid::regprocedure::text, null, a.privilege_type
        from pg_proc as p cross join aclexplode(p.proacl) as a
        where a.grantee = %(role)s::regrole and p.proowner <> a.grantee
        union all
        select 'schema', quote_ident(n.nspname), null, a.privilege_type
        from pg_namespace as n cross join aclexplode(n.nspacl) as a
        where a.grantee = %(role)s::regrole
        union all
        select 'type', t.oid::regtype::text, null, a.privilege_type
        from pg_type as t cross join aclexplode(t.typacl) as a
        where a.grantee = %(role)s::regrole
        union all
        select 'database', quote_ident(d.datname), null, a.privilege_type
        from pg_database as d cross join aclexplode(d.datacl) as a
        where a.grantee = %(role)s::regrole
    )
    select format(
        'revoke %%s on %%s %%s from %%I', g.privilege_type || ' (' || g.part || ')', g.kind,
        g.name, %(role)s
    )
    from granted as g where g.part is not null
    union all
    select format('revoke %%s on %%s %%s from %%I', g.privilege_type, g.kind, g.name, %(role)s)
    from granted as g where g.part is null
    union all
    select format('drop policy %%I on %%s', p.polname, p.polrelid::regclass)
    from pg_policy as p where %(role)s::regrole = any(p.polroles)
    union all
    select format('revoke %%I from %%I', m.roleid::regrole, m.member::regrole)
    from pg_auth_members as m where m.member = %(role)s::regrole
    order by 1
"""


def takings(connection: psycopg.Connection, role: str) -> list[str]:
    """Return the statements that take one grant, policy or membership of a role away each."""
    return [row[0] for row in connection.execute(GRANTS.encode(), {"role": role})]
