-- A stranger, signed in: without a profile, or of another tenant. Nothing opens for them.

begin;
select plan(16);

select tests.link(tests.supplier('Bloom'), tests.couple('Ann and Bob'));
insert into public.wedding_details (id, couple_id)
values (tests.id('wedding', 'Ann and Bob'), tests.couple('Ann and Bob'));
select tests.signed_up('Mallory');
select tests.supplier_user(tests.supplier('Bloom'));
select tests.supplier_user(tests.supplier('Petal'));
select tests.couple_user(tests.couple('Cy and Di'));

create temporary table attempts as
select c.name, jsonb_build_object(
    'supplier_id', tests.supplier('Bloom'), 'couple_id', tests.couple('Ann and Bob'),
    'wedding_id', tests.id('wedding', 'Ann and Bob')
) as filters
from wedsync_realtime.channels as c;
grant select on attempts to authenticated;

-- The owner, whom they spy on

select tests.become_user(tests.supplier_user(tests.supplier('Bloom')));
select set_config('tests.expired', public.realtime_subscribe(
    array['client-profiles'], jsonb_build_object('supplier_id', tests.supplier('Bloom'))
) #>> '{subscriptions,0,channel}', true);
select tests.become_superuser();
update public.realtime_subscriptions set last_ping_at = now() - interval '6 minutes';
select public.cleanup_inactive_subscriptions();
select tests.become_user(tests.supplier_user(tests.supplier('Bloom')));
select is(
    public.realtime_poll(current_setting('tests.expired')) ->> 'code', 'subscription_expired',
    'realtime_poll: the owner is told that a subscription expired'
);
select set_config('tests.channel', public.realtime_subscribe(
    array['form-responses'], jsonb_build_object('supplier_id', tests.supplier('Bloom'))
) #>> '{subscriptions,0,channel}', true);

-- Another supplier

select tests.become_user(tests.supplier_user(tests.supplier('Petal')));
select is_empty(
    $$
        select a.name
        from attempts as a
        where public.realtime_subscribe(array[a.name], a.filters) ->> 'code'
            is distinct from 'forbidden_channel'
    $$,
    'realtime_subscribe: another supplier is refused on every channel'
);
select is(
    public.realtime_subscribe(array['form-responses'], jsonb_build_object(
        'supplier_id', tests.supplier('Bloom')
    )) - 'details' - 'hint',
    '{
        "success": false, "code": "forbidden_channel", "status": 403,
        "error": "Unauthorized channel access", "retryAfter": null
    }',
    'realtime_subscribe: another supplier is told 403 Unauthorized channel access'
);
select is(
    current_setting('response.status'), '403',
    'realtime_subscribe: the refusal is the status of the HTTP answer'
);
select is(
    public.realtime_poll(current_setting('tests.channel')),
    public.realtime_poll('form-responses-' || tests.signed_up('Mallory') || '-1700000000000'),
    'realtime_poll: a channel id of another user''s answers like one that never was'
);
select is(
    public.realtime_poll(current_setting('tests.expired')) ->> 'code', 'subscription_not_found',
    'realtime_poll: an expired one of another user''s answers like one that never was'
);
select is(
    public.realtime_unsubscribe(current_setting('tests.channel')),
    public.realtime_unsubscribe(
        'form-responses-' || tests.signed_up('Mallory') || '-1700000000000'
    ),
    'realtime_unsubscribe: a channel id of another user''s answers like one that never was'
);
select is(
    public.realtime_unsubscribe(current_setting('tests.channel')) ->> 'status', '404',
    'realtime_unsubscribe: a channel id of another user''s is not found'
);
select is(
    public.realtime_ping(current_setting('tests.channel')),
    public.realtime_ping('form-responses-' || tests.signed_up('Mallory') || '-1700000000000'),
    'realtime_ping: a channel id of another user''s answers like one that never was'
);
select is(
    public.realtime_unsubscribe_all(), '{"success": true, "closed": 0}',
    'realtime_unsubscribe_all: closes nothing of others'
);
select results_eq(
    $$
        select l.user_id from public.realtime_activity_logs as l
        union select s.user_id from public.realtime_subscriptions as s
    $$,
    $$ select tests.supplier_user(tests.supplier('Petal')) $$,
    'realtime_subscriptions, realtime_activity_logs: a user reads just their own'
);
select results_eq(
    $$
        select
            l.payload ->> 'status', sum((l.payload ->> 'count')::bigint),
            count(*) = count(distinct l."timestamp")
        from public.realtime_activity_logs as l
        where l.event_type = 'refused' and l.payload ->> 'code' = 'forbidden_channel'
        group by l.payload ->> 'status'
    $$,
    $$ values ('403', 8::numeric, true) $$,
    'realtime_activity_logs: every refusal is counted, in one row a minute'
);

-- Others

select tests.become_user(tests.signed_up('Mallory'));
select is_empty(
    $$
        select a.name
        from attempts as a
        where public.realtime_subscribe(array[a.name], a.filters) ->> 'code'
            is distinct from 'forbidden_channel'
    $$,
    'realtime_subscribe: a user without a profile is refused on every channel'
);
select tests.become_user(tests.couple_user(tests.couple('Cy and Di')));
select is_empty(
    $$
        select a.name
        from attempts as a
        where public.realtime_subscribe(array[a.name], a.filters) ->> 'code'
            is distinct from 'forbidden_channel'
    $$,
    'realtime_subscribe: another couple is refused on every channel'
);
select tests.become_user(tests.id('user', 'nobody'));
select is(
    public.realtime_subscribe(array['form-responses'], jsonb_build_object(
        'supplier_id', tests.supplier('Bloom')
    )) ->> 'code',
    'forbidden_channel', 'realtime_subscribe: a user who no longer exists is refused'
);
select tests.become_superuser();
select results_eq(
    $$ select s.channel_id from public.realtime_subscriptions as s $$,
    $$ select current_setting('tests.channel') $$,
    'realtime_subscriptions: after all attempts there is the owner''s lease alone'
);

select * from finish();
rollback;
