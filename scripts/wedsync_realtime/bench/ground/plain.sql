-- What the package is measured against: copies of its tables with plain SQL's way of doing it.

create schema bench;

create table bench.bare (like public.form_responses including all);
create table bench.outboxed (like public.form_responses including all);
create table bench.notified (like public.form_responses including all);
create table bench.least (like public.form_responses including all);
create table bench.watched (like public.form_responses including all);
create table bench.unheard (like public.journey_progress including all);

create table bench.outbox (
    id         bigint not null generated always as identity,
    table_name text not null,
    operation  text not null,
    content    jsonb not null,
    created_at timestamptz not null default now(),
    constraint outbox_pkey primary key (id)
);

create function bench.write_outbox() returns trigger language plpgsql as $$
begin
    insert into bench.outbox (table_name, operation, content)
    values (tg_table_name, tg_op, to_jsonb(new));
    return null;
end
$$;

create function bench.write_outbox_and_notify() returns trigger language plpgsql as $$
begin
    insert into bench.outbox (table_name, operation, content)
    values (tg_table_name, tg_op, to_jsonb(new));
    perform pg_notify('bench', new.supplier_id::text);
    return null;
end
$$;

create function bench.write_outbox_of_delete() returns trigger language plpgsql as $$
begin
    insert into bench.outbox (table_name, operation, content)
    values (tg_table_name, tg_op, to_jsonb(old));
    return null;
end
$$;

-- What a statement's trigger costs that does nothing with its rows.
create function bench.do_nothing() returns trigger language plpgsql
security definer set search_path = pg_catalog, pg_temp as $$
begin
    return null;
end
$$;

-- What recording a change costs at least: the row as it is, if somebody listens to its tenant. The
-- images of an UPDATE are taken to come in one order, and nothing tells what differs.
do $$
declare
    v_channel constant text := (
        select c.id from wedsync_realtime.channels as c where c.name = 'form-responses'
    );
    v_heard constant text := '(
        select true from wedsync_realtime.topics as t
        where t.channel_id = {channel} and t.tenant_id = r.supplier_id
        limit 1
    )';
    v_least record;
begin
    for v_least in
        select l.operation, replace(l.statement || v_heard, '{channel}', v_channel) as statement
        from (values
            ('insert', $least$
                insert into wedsync_realtime.events (tenant_id, channel_id, operation, new)
                select r.supplier_id, {channel}, 'I', to_jsonb(r.*)
                from changed_rows as r
                where
            $least$),
            ('delete', $least$
                insert into wedsync_realtime.events (tenant_id, channel_id, operation, old)
                select r.supplier_id, {channel}, 'D', to_jsonb(r.*)
                from changed_rows as r
                where
            $least$),
            ('update', $least$
                insert into wedsync_realtime.events (tenant_id, channel_id, operation, new, old)
                select r.supplier_id, {channel}, 'U', r.new, o.old
                from (
                    select n.supplier_id, to_jsonb(n.*) as new, row_number() over () as place
                    from new_rows as n
                ) as r
                inner join (
                    select to_jsonb(o.*) as old, row_number() over () as place from old_rows as o
                ) as o on o.place = r.place
                where
            $least$)
        ) as l (operation, statement)
    loop
        execute format(
            'create function bench.record_least_%s() returns trigger language plpgsql '
            'security definer set search_path = pg_catalog, pg_temp as %L',
            v_least.operation, format('begin %s; return null; end', v_least.statement)
        );
    end loop;
end
$$;

create trigger least_after_insert_record
    after insert on bench.least
    referencing new table as changed_rows
    for each statement execute function bench.record_least_insert();
create trigger least_after_delete_record
    after delete on bench.least
    referencing old table as changed_rows
    for each statement execute function bench.record_least_delete();
create trigger least_after_update_record
    after update on bench.least
    referencing old table as old_rows new table as new_rows
    for each statement execute function bench.record_least_update();
create trigger watched_after_update_nothing
    after update on bench.watched
    referencing old table as old_rows new table as new_rows
    for each statement execute function bench.do_nothing();
create trigger outboxed_after_delete_write
    after delete on bench.outboxed
    for each row execute function bench.write_outbox_of_delete();
create trigger outboxed_after_insert_write
    after insert or update on bench.outboxed
    for each row execute function bench.write_outbox();
create trigger notified_after_insert_write
    after insert on bench.notified
    for each row execute function bench.write_outbox_and_notify();

-- Leases: the same columns, indexes and foreign keys, none of the triggers.
create table bench.leases (like public.realtime_subscriptions including all);
create table bench.activity (like public.realtime_activity_logs including all);
do $$
declare
    v_definition text;
begin
    for v_definition in
        select pg_get_constraintdef(c.oid)
        from pg_constraint as c
        where c.conrelid = 'public.realtime_subscriptions'::regclass and c.contype = 'f'
    loop
        execute 'alter table bench.leases add ' || v_definition;
    end loop;
end
$$;

-- Nothing is refused, and nothing expires by itself.
update wedsync_realtime.settings set
    subscribe_per_minute = 6000,
    subscribe_burst = 6000,
    subscriptions_per_user = 10000,
    subscriptions_per_tenant = 1000000,
    stale_after = '1 day';
