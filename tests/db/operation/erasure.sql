-- Erasure: a couple and a user go out of audit and feed, with a receipt, and others stay.

begin;
select plan(10);

create function pg_temp.subscribe(user_id uuid, channel text, filters jsonb)
    returns jsonb
    language plpgsql
as $$
declare
    v_answer jsonb;
begin
    perform tests.become_user(user_id);
    v_answer := public.realtime_subscribe(array[channel], filters);
    perform tests.become_superuser();
    return v_answer;
end
$$;
create temporary table cast_of as
select
    tests.supplier('Bloom') as bloom, tests.couple('Ann and Bob') as couple,
    tests.supplier_user(tests.supplier('Bloom')) as owner,
    tests.couple_user(tests.couple('Ann and Bob'), 'Ann') as ann,
    tests.couple_user(tests.couple('Ann and Bob'), 'Bob') as bob,
    tests.couple_user(tests.couple('Eve and Fay')) as eve;
select tests.link(c.bloom, c.couple) from cast_of as c;

select pg_temp.subscribe(u.id, 'core-fields', jsonb_build_object('couple_id', c.couple))
from cast_of as c cross join lateral (values (c.ann), (c.bob)) as u (id);
select pg_temp.subscribe(c.ann, 'form-responses', '{}') from cast_of as c;
select pg_temp.subscribe(
    c.owner, 'form-responses', jsonb_build_object('supplier_id', c.bloom)
) from cast_of as c;
select pg_temp.subscribe(
    c.owner, 'wedding-details', jsonb_build_object('wedding_id', c.couple)
) from cast_of as c;
select pg_temp.subscribe(c.eve, 'core-fields', jsonb_build_object('couple_id', e.id))
from cast_of as c cross join (select tests.couple('Eve and Fay') as id) as e;
insert into public.core_fields (couple_id, field_name, field_value)
select
    v.id,
    'allergy' as field_name,
    '"nuts"'::jsonb as field_value
from cast_of as c
cross join lateral (values (c.couple), (tests.couple('Eve and Fay'))) as v (id);
insert into public.form_responses (supplier_id, couple_id, responses)
select
    c.bloom,
    c.couple,
    '{"diet": "no nuts"}'::jsonb as responses
from cast_of as c;
create temporary table dry as
select e.* from cast_of as c cross join lateral wedsync_realtime.erase_couple(c.couple) as e;
select is(
    (
        select count(*)
        from wedsync_realtime.events as e
        where strpos(e.new::text, 'nuts') > 0
    ),
    3::bigint, 'erase_couple: a dry run takes nothing'
);
select results_eq(
    $$
        select e.* from cast_of as c
        cross join lateral wedsync_realtime.erase_couple(c.couple, dry_run => false) as e
    $$,
    'select d.* from dry as d',
    'erase_couple: gives the receipt that the dry run gave'
);
select results_eq(
    $$
        select d.item, d.action, d.rows from dry as d
        where d.item !~ 'application|backups|rates|traffic'
    $$,
    $$
        values
            ('subscriptions', 'ended', 3::bigint),
            ('audit: own rows', 'deleted', 3),
            ('audit: rows that name it', 'redacted', 2),
            ('feed: content', 'redacted', 2),
            ('feed: keys and topics', 'kept', 2),
            ('record of this erasure', 'kept', 1)
    $$,
    'erase_couple: tells what went and what must stay'
);
select results_eq(
    $$
        select e.is_cut, e.new - array['id', 'created_at']
        from wedsync_realtime.events as e order by e.id
    $$,
    $$
        select v.is_cut, v.new::jsonb || case
            when v.is_cut then '{}'
            else jsonb_build_object('couple_id', tests.couple('Eve and Fay'))
        end
        from (values
            (true, '{}'), (false, '{"field_name": "allergy", "field_value": "nuts"}'), (true, '{}')
        ) as v (is_cut, new)
    $$,
    'erase_couple: cuts its events to their keys, on topics of suppliers too, and no others'
);
select is_empty(
    $$
        select l.* from public.realtime_activity_logs as l
        cross join cast_of as c
        where
            l.event_type <> 'erased'
            and (
                l.user_id in (c.ann, c.bob)
                or strpos(concat(l.channel_id, l.payload), c.couple::text) > 0
            )
    $$,
    'erase_couple: the audit names neither the couple nor its users'
);
select results_eq(
    $$
        select l.payload ->> 'kind', (l.payload ->> 'id')::uuid
        from public.realtime_activity_logs as l where l.event_type = 'erased'
    $$,
    $$ select 'couple', c.couple from cast_of as c $$,
    'erase_couple: is on record, once'
);
select results_eq(
    $$
        select s.user_id, s.channel_name
        from public.realtime_subscriptions as s order by s.channel_name
    $$,
    $$
        select c.eve, 'core-fields' from cast_of as c
        union all select c.owner, 'form-responses' from cast_of as c
    $$,
    'erase_couple: ends what was subscribed to its topics, and nothing else'
);
select is(
    (
        select e.rows from cast_of as c
        cross join lateral wedsync_realtime.erase_user(c.owner, false) as e
        where e.item = 'subscriptions'
    ),
    1::bigint, 'erase_user: ends the user''s subscriptions'
);
select is_empty(
    $$
        select l.* from public.realtime_activity_logs as l
        inner join cast_of as c on c.owner = l.user_id
    $$,
    'erase_user: takes the user out of the audit'
);
select throws_ok(
    'select wedsync_realtime.erase_couple(null)', '22023', 'erase_couple needs a couple_id',
    'erase_couple: needs to know whom'
);

select * from finish();
rollback;
