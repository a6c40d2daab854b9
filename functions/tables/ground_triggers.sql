-- List the triggers that end subscriptions whose grounds are gone, as far as the tables that
-- decisions rest on lack them and have the columns for them.

create or replace function wedsync_realtime.ground_triggers(relations regclass[] default null)
    returns table (relation regclass, place integer, statement text)
    language plpgsql
    stable
    security invoker
    set search_path = pg_catalog, pg_temp
as $$
begin
    return query
    select
        r.oid::regclass, 2,
        format(
            'create trigger %1$I after %2$s on %3$s for each %4$s '
            'execute function wedsync_realtime.%5$I(); comment on trigger %1$I on %3$s is %6$L',
            format('%s_after_%s_revoke', d.name, d.verb), d.verb, r.oid::regclass, d.condition,
            d.function, d.note
        )
    from (values
        (
            'user_profiles', 'update',
            -- column by column: PostgreSQL reads back its own text of such rows as another tree
            'row when (old.id is distinct from new.id '
            'or old.user_type is distinct from new.user_type '
            'or old.supplier_id is distinct from new.supplier_id '
            'or old.couple_id is distinct from new.couple_id)',
            'revoke_profile_leases', 'Ends the subscriptions of a user who changes side or tenant.'
        ),
        (
            'user_profiles', 'delete', 'row',
            'revoke_profile_leases', 'Ends the subscriptions of a user without a profile.'
        ),
        (
            'user_profiles', 'truncate', 'statement',
            'revoke_truncated_leases', 'Ends the subscriptions of users without a profile.'
        ),
        (
            'clients', 'update',
            'row when ((old.supplier_id, old.couple_id) '
            'is distinct from (new.supplier_id, new.couple_id))',
            'revoke_link_leases', 'Ends the subscriptions that rested on a link that is gone.'
        ),
        (
            'clients', 'delete', 'row',
            'revoke_link_leases', 'Ends the subscriptions that rested on a link that is gone.'
        ),
        (
            'clients', 'truncate', 'statement',
            'revoke_truncated_leases', 'Ends the subscriptions that rested on links that are gone.'
        )
    ) as d (name, verb, condition, function, note)
    inner join pg_class as r
        on r.relnamespace = 'public'::regnamespace and r.relname = d.name
    where (relations is null or r.oid = any (relations)) and case
        when not exists (
            select from pg_trigger as t
            where t.tgrelid = r.oid and t.tgname = format('%s_after_%s_revoke', d.name, d.verb)
        )
        then r.oid = wedsync_realtime.ground_table(d.name)
    end;
end
$$;

comment on function wedsync_realtime.ground_triggers(regclass[]) is
'Triggers that the tables decisions rest on still lack, each as the statement that adds it.';
revoke execute on function wedsync_realtime.ground_triggers(regclass[])
from public, anon, authenticated, service_role;
