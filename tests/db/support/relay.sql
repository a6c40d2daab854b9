-- Helpers of the stories about a relay. A story is one transaction, whose own changes drain leaves
-- for later: they are taken for those of one long ago, after the position from which it drains.

create function tests.begin_draining()
    returns void
    language plpgsql
    volatile
as $$
declare
    v_position constant text := format('1.%s.0.3:3:.', wedsync_realtime.epoch());
begin
    perform set_config(
        'tests.position', v_position || wedsync_realtime.sign_cursor(v_position, x.cursor_secret),
        true
    )
    from wedsync_realtime.settings as x;
end
$$;

create function tests.drained(max_events integer default 1000)
    returns text
    language plpgsql
    volatile
as $$
declare
    v_told text;
begin
    update wedsync_realtime.events set xid = '3';
    update wedsync_realtime.notices set xid = '3', seen = '3:3:';
    update wedsync_realtime.resets set xid = '3';
    set local role wedsync_realtime_relay;
    select string_agg(concat_ws(' ', d.kind, coalesce(
        d.body #>> '{new,form_name}', d.body ->> 'reason'
    ), cardinality(d.subjects)), ', ')
    into v_told
    from wedsync_realtime.drain(current_setting('tests.position'), max_events) as d;
    reset role;
    return v_told;
end
$$;

create function tests.forget_feed()
    returns void
    language plpgsql
    volatile
as $$
begin
    delete from wedsync_realtime.events;
    delete from wedsync_realtime.notices;
    delete from wedsync_realtime.resets;
end
$$;

create function tests.subscribed_subject(filters jsonb, connection text)
    returns text
    language plpgsql
    volatile
as $$
begin
    return public.realtime_subscribe(
        '{form-responses}', filters || jsonb_build_object('supplier_id', tests.supplier('Bloom')),
        tests.id('connection', connection)
    ) #>> '{subscriptions,0,subject}';
end
$$;
