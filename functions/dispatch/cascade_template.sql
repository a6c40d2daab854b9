-- Fit the template for UPDATE to a table that foreign keys may update. All that one statement on
-- other tables makes them do to it comes at once, first the updates or first the deletions, as the
-- keys are named: so a row that was updated more than once is told from its first version to its
-- last, those between being old and new alike, and one that was updated and then deleted, whose
-- deletion is told already, is told no more.
-- The feed is asked for that only in transactions that have deleted rows of the table, and once for
-- all rows: for each of them anew a long transaction would take the square of its changes.

create or replace function wedsync_realtime.cascade_template(
    body    text,
    channel wedsync_realtime.channels
)
    returns text
    language plpgsql
    stable
    security invoker
    set search_path = pg_catalog, pg_temp
as $$
declare
    v_cascades constant boolean := wedsync_realtime.has_cascades(channel);
    v_marker record;
begin
    for v_marker in
        select m.name, m.value
        from (values
            ('not_new', ' except all select {row} from new_rows as r'),
            ('not_old', ' except all select {row} from old_rows as r'),
            ('gone', format(
                $template$
        when
            c.operation = 'U'
            and (
                pg_stat_get_xact_tuples_deleted(tg_relid) > 0
                or exists (
                    select from pg_partition_tree(tg_relid) as p
                    where pg_stat_get_xact_tuples_deleted(p.relid) > 0
                )
            )
            and (c.tenant_id, %s) in (
                select e.tenant_id, %s
                from wedsync_realtime.events as e
                where
                    e.tenant_id in (
                        select {tenant}
                        from (select {row} as content from new_rows as r offset 0) as i
                    )
                    and e.channel_id = {id} and e.xid = pg_current_xact_id()
                group by 1, 2
                having (array_agg(e.operation order by e.id desc))[1] = 'D'
            )
            then false$template$,
                wedsync_realtime.key_expression('c.new', channel.key_columns),
                wedsync_realtime.key_expression('coalesce(e.new, e.old)', channel.key_columns)
            ))
        ) as m (name, value)
    loop
        body := replace(
            body, '{' || v_marker.name || '}', case when v_cascades then v_marker.value else '' end
        );
    end loop;
    return body;
end
$$;

comment on function wedsync_realtime.cascade_template(text, wedsync_realtime.channels) is
'Template of the trigger function for UPDATE, fit for a table that foreign keys may update.';
revoke execute on function wedsync_realtime.cascade_template(text, wedsync_realtime.channels)
from public, anon, authenticated, service_role;
