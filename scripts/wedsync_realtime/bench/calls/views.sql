-- What a day of use leaves behind in front of the views, and a month of it in the histories.

-- Empties the feed and the audit, and makes the partitions that a day in the past belongs to.
create function bench.begin_day() returns void language sql as $$
    truncate wedsync_realtime.events, public.realtime_activity_logs;
    select
        wedsync_realtime.add_partition(
            'wedsync_realtime.events', date_trunc('day', y.yesterday, 'UTC'), '1 day'
        ),
        wedsync_realtime.add_partition(
            'public.realtime_activity_logs', date_trunc('month', y.yesterday, 'UTC'), '1 month'
        )
    from (select now() - interval '1 day') as y (yesterday);
$$;

-- Lets all leases have begun before the day, and have pinged in the last minutes.
create function bench.age_leases() returns void language sql as $$
    update public.realtime_subscriptions
    set
        created_at = now() - interval '25 hours',
        last_ping_at = now() - random() * interval '4 minutes';
$$;

-- Audits a subscribe of every lease and a refusal of every tenth, spread over the day, and has
-- the metrics job count them.
create function bench.audit_leases() returns void language sql as $$
    insert into public.realtime_activity_logs
        (user_id, channel_id, event_type, payload, "timestamp")
    select
        s.user_id, case e.type when 'subscribed' then s.channel_id end, e.type, e.payload,
        now() - interval '1 day' * (s.place / s.leases)
    from (
        select s.*, row_number() over ()::double precision as place, count(*) over () as leases
        from public.realtime_subscriptions as s
    ) as s
    cross join lateral (values
        ('subscribed', 1, jsonb_build_object(
            'channel', s.channel_name, 'filter', 'supplier_id=eq.' || s.tenant_id,
            'connectionId', s.connection_id
        )),
        ('refused', 10, jsonb_build_object(
            'action', 'subscribe', 'code', 'rate_limited', 'status', 429,
            'error', 'Too many subscribe calls', 'count', 3, 'channels', s.channel_name
        ))
    ) as e (type, every, payload)
    where s.place::bigint % e.every = 0
    order by s.place desc;
    update wedsync_realtime.metrics_horizon
    set activity_until = date_trunc('minute', now() - interval '1 day');
$$;

-- Copies the latest row of each history to every minute of so many days; 30 are kept.
create function bench.fill_histories(days integer) returns void language plpgsql as $$
declare
    v_history text;
    v_minute text;
begin
    foreach v_history in array array['metrics_history', 'channel_minutes', 'activity_minutes'] loop
        v_minute := case v_history when 'metrics_history' then 'sampled_at' else 'minute' end;
        execute format(
            'insert into wedsync_realtime.%1$I %2$s from ('
            'select h.* from wedsync_realtime.%1$I as h order by h.%3$I desc limit 1) as h '
            'cross join generate_series('
            'date_trunc(''minute'', now()) - %4$L * interval ''1 day'' + interval ''1 hour'', '
            'now() - interval ''1 minute'', ''1 minute'') as n on conflict do nothing',
            v_history,
            bench.copied(
                format('wedsync_realtime.%I', v_history)::regclass, 'h',
                jsonb_build_object(v_minute, 'n')
            ),
            v_minute,
            days
        );
    end loop;
end
$$;

-- Leaves a number of rates that nobody needs any more.
create function bench.add_rates(number integer) returns void language sql as $$
    insert into wedsync_realtime.rate_limits (user_id, action, full_at)
    select gen_random_uuid(), 'subscribe', now() - interval '2 hours'
    from generate_series(1, number);
$$;
