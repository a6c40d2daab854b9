-- What subscribe, ping and poll cost at least: definer functions with the statements that none of
-- them can do without, each a look-up by key, and none of the checks, words and triggers around them.

create table bench.rates (like wedsync_realtime.rate_limits including all);
create table bench.tenants (like wedsync_realtime.tenants including all);

-- Who calls; since when leases have expired; those of the caller that have not; until when they live.
create function bench.ping_least() returns jsonb language plpgsql
security definer set search_path = pg_catalog, pg_temp as $$
declare
    v_now constant timestamptz := clock_timestamp();
    v_stale_after interval;
    v_pinged integer;
begin
    select s.stale_after into v_stale_after from wedsync_realtime.settings as s;
    update bench.leases as s
    set last_ping_at = v_now
    where
        s.user_id = (current_setting('request.jwt.claims')::jsonb ->> 'sub')::uuid
        and s.last_ping_at > v_now - v_stale_after;
    get diagnostics v_pinged = row_count;
    return jsonb_build_object(
        'success', true, 'pinged', v_pinged, 'expiresAt', v_now + v_stale_after
    );
end
$$;

-- A call from the rate; user and profile held, so that nobody takes a right away meanwhile; the
-- tenant's counter; the topic, kept hot; the lease; its record; a signed cursor.
create function bench.subscribe_least(supplier_id uuid) returns jsonb language plpgsql
security definer set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan set jit = off as $$
declare
    v_user constant uuid := (current_setting('request.jwt.claims')::jsonb ->> 'sub')::uuid;
    v_now constant timestamptz := clock_timestamp();
    v_channel wedsync_realtime.channels;
    v_topic bigint;
    v_filter jsonb := jsonb_build_object('supplier_id', supplier_id);
    v_lease record;
begin
    insert into bench.rates as r (user_id, action, full_at)
    values (v_user, 'subscribe', v_now)
    on conflict (user_id, action) do update set full_at = greatest(r.full_at, v_now);
    perform from auth.users as u where u.id = v_user for key share;
    select c.* into v_channel
    from wedsync_realtime.channels as c
    where c.name = 'form-responses';
    perform
    from public.user_profiles as p
    where p.id = v_user and p.supplier_id = subscribe_least.supplier_id
    for share;
    if not found then
        return '{"success": false}';
    end if;
    select t.id into v_topic
    from wedsync_realtime.topics as t
    where t.channel_id = v_channel.id and t.tenant_id = subscribe_least.supplier_id
    for key share;
    insert into bench.leases as s (
        id, user_id, channel_id, channel_name, table_name, topic_id, since, tenant_id,
        filter_params, created_at, last_ping_at
    )
    values (
        gen_random_uuid(), v_user, format('%s-%s-%s', v_channel.name, v_user, v_now),
        v_channel.name, v_channel.table_name, v_topic, pg_current_snapshot(),
        subscribe_least.supplier_id, v_filter, v_now, v_now
    )
    on conflict (user_id, channel_name, table_name, connection_id) do update
    set last_ping_at = excluded.last_ping_at, filter_params = excluded.filter_params
    returning s.channel_id, s.since, s.created_at into v_lease;
    if v_lease.created_at = v_now then
        insert into bench.tenants as t (tenant_id, subscriptions)
        values (subscribe_least.supplier_id, 1)
        on conflict (tenant_id) do update set subscriptions = t.subscriptions + 1;
    end if;
    insert into bench.activity (user_id, channel_id, event_type, payload)
    values (v_user, v_lease.channel_id, 'subscribed', v_filter);
    return jsonb_build_object(
        'success', true, 'channel', v_lease.channel_id, 'filter', v_filter,
        'cursor', encode(sha256(convert_to('secret' || v_topic || v_lease.since, 'UTF8')), 'hex')
    );
end
$$;

-- The lease, its topic and channel; may its user hear it, and were clients told to read anew; is the
-- cursor ours; the events since, as JSON, and where there are any a cursor after them.
create function bench.poll_least(channel text, cursor text) returns jsonb language plpgsql stable
security definer set search_path = pg_catalog, pg_temp set timezone = 'UTC'
set plan_cache_mode = force_generic_plan set jit = off
set enable_bitmapscan = off set enable_seqscan = off as $$
declare
    v_user constant uuid := (current_setting('request.jwt.claims')::jsonb ->> 'sub')::uuid;
    v_part constant text[] := string_to_array(cursor, '.');
    v_secret text;
    v_topic wedsync_realtime.topics;
    v_name text;
    v_events jsonb;
    v_last xid8;
begin
    select x.cursor_secret into v_secret from wedsync_realtime.settings as x;
    select s.topic_id into v_topic.id
    from public.realtime_subscriptions as s
    where s.user_id = v_user and s.channel_id = channel;
    select t.tenant_id, t.channel_id into v_topic.tenant_id, v_topic.channel_id
    from wedsync_realtime.topics as t where t.id = v_topic.id;
    select c.table_name into v_name
    from wedsync_realtime.channels as c where c.id = v_topic.channel_id;
    perform from public.user_profiles as p
    where p.id = v_user and p.supplier_id = v_topic.tenant_id;
    -- signed otherwise, so that it never fits, and is compared all the same
    if not found
        or v_part[5] = encode(sha256(convert_to(v_secret || left(cursor, -24), 'UTF8')), 'hex')
        or exists (
            select from wedsync_realtime.resets as r
            where r.channel_id = v_topic.channel_id
                and r.xid >= pg_snapshot_xmin(v_part[4]::pg_snapshot)
        )
    then
        return '{"success": false}';
    end if;
    select
        jsonb_agg(jsonb_build_object(
            'id', e.id, 'channel', channel, 'topic', channel, 'event', e.event,
            'schema', 'public', 'table', v_name, 'eventType', 'INSERT',
            'commit_timestamp', e.created_at, 'new', e.new, 'old', '{}'::jsonb,
            'changed', e.changed
        )),
        max(e.xid)
    into v_events, v_last
    from (
        select m.*
        from wedsync_realtime.events as m
        where
            m.tenant_id = v_topic.tenant_id
            and m.channel_id = v_topic.channel_id
            and m.xid >= pg_snapshot_xmax(v_part[4]::pg_snapshot)
        order by m.id
        limit 100
    ) as e;
    return jsonb_build_object(
        'success', true, 'events', v_events,
        'cursor', case
            when v_last is null then cursor
            else v_last || encode(sha256(convert_to(v_secret || v_last, 'UTF8')), 'hex')
        end
    );
end
$$;
