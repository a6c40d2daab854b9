-- A couple's user: hears the own couple's facts, wedding and profile, and nothing of a supplier.

begin;
select plan(12);

select tests.couple_user(tests.couple('Ann and Bob'));
select tests.link(tests.supplier('Bloom'), tests.couple('Ann and Bob'));
insert into public.wedding_details (id, couple_id)
values
    (tests.id('wedding', 'Ann and Bob'), tests.couple('Ann and Bob')),
    (tests.id('wedding', 'Cy and Di'), tests.couple('Cy and Di'));

-- Subscribe

select tests.become_user(tests.couple_user(tests.couple('Ann and Bob')));
select set_config('tests.first', public.realtime_subscribe(
    array['core-fields', 'wedding-details', 'couple-profile'],
    jsonb_build_object(
        'couple_id', tests.couple('Ann and Bob'),
        'wedding_id', tests.id('wedding', 'Ann and Bob')
    )
)::text, true);
select results_eq(
    $$
        select s.name, s."table", s.topic, s.filter, s."postgresChanges" ->> 'filter'
        from jsonb_to_recordset(current_setting('tests.first')::jsonb -> 'subscriptions') as s
            (name text, "table" text, topic text, filter text, "postgresChanges" jsonb)
    $$,
    $$
        select
            v.name, v.relation, v.name || ':' || tests.couple('Ann and Bob'),
            format('%s=eq.%s', v.key, v.value),
            format('%s=eq.%s', v.tenant_column, tests.couple('Ann and Bob'))
        from (values
            (1, 'core-fields', 'core_fields', 'couple_id',
                tests.couple('Ann and Bob'), 'couple_id'),
            (2, 'wedding-details', 'wedding_details', 'wedding_id',
                tests.id('wedding', 'Ann and Bob'), 'couple_id'),
            (3, 'couple-profile', 'couples', 'couple_id', tests.couple('Ann and Bob'), 'id')
        ) as v (position, name, relation, key, value, tenant_column)
        order by v.position
    $$,
    'realtime_subscribe: a couple opens all channels for couples'
);
select is(
    public.realtime_subscribe(array['wedding-details'], jsonb_build_object(
        'wedding_id', tests.couple('Ann and Bob')
    )) #>> '{subscriptions,0,filter}',
    'wedding_id=eq.' || tests.couple('Ann and Bob'),
    'realtime_subscribe: a couple id stands for its wedding'
);
select results_eq(
    $$
        select
            v.name, public.realtime_subscribe(array[v.name], jsonb_build_object(
                'supplier_id', tests.supplier('Bloom')
            )) ->> 'code'
        from (values
            ('form-responses'), ('journey-progress'), ('client-profiles'), ('supplier-profile')
        ) as v (name)
    $$,
    $$
        values
            ('form-responses', 'forbidden_channel'), ('journey-progress', 'forbidden_channel'),
            ('client-profiles', 'forbidden_channel'), ('supplier-profile', 'forbidden_channel')
    $$,
    'realtime_subscribe: a couple may not hear channels of a linked supplier'
);
select is(
    public.realtime_subscribe(array['wedding-details'], jsonb_build_object(
        'wedding_id', tests.id('wedding', 'Cy and Di')
    )) ->> 'code',
    'forbidden_channel', 'realtime_subscribe: a couple may not hear another wedding'
);
select is(
    public.realtime_subscribe(array['form-responses'], jsonb_build_object(
        'supplier_id', tests.couple('Ann and Bob')
    )) ->> 'code',
    'forbidden_channel', 'realtime_subscribe: a couple''s id passes for no supplier'
);

-- Write

insert into public.core_fields (id, couple_id, field_name)
values (tests.id('field', 'guests'), tests.couple('Ann and Bob'), 'guests');
update public.core_fields set field_value = '80'
where id = tests.id('field', 'guests');
delete from public.core_fields
where id = tests.id('field', 'guests');
update public.wedding_details set venue = 'Mill'
where id = tests.id('wedding', 'Ann and Bob');
update public.wedding_details
set venue = 'Barn', wedding_date = '2027-06-05'
where id = tests.id('wedding', 'Ann and Bob');
delete from public.wedding_details
where id = tests.id('wedding', 'Ann and Bob');
insert into public.wedding_details (couple_id) values (tests.couple('Ann and Bob'));
update public.couples set display_name = 'A & B'
where id = tests.couple('Ann and Bob');

select tests.become_superuser();
select results_eq(
    $$
        select format('%s %s', c.name, e.operation), e.event
        from wedsync_realtime.events as e
        inner join wedsync_realtime.channels as c on c.id = e.channel_id
        order by e.id
    $$,
    $$
        values
            ('core-fields I', 'core_field.changed'),
            ('core-fields U', 'core_field.changed'),
            ('core-fields D', 'core_field.removed'),
            ('wedding-details U', 'wedding.updated'),
            ('wedding-details U', 'wedding.date_changed'),
            ('wedding-details D', 'wedding.removed'),
            ('wedding-details I', 'wedding.updated'),
            ('couple-profile U', 'couple.updated')
    $$,
    'dispatch: each change of a couple''s row is named by the rules'
);
select is_empty(
    $$
        select e.* from wedsync_realtime.events as e
        where e.tenant_id <> tests.couple('Ann and Bob')
    $$,
    'dispatch: all of it is the couple''s'
);

-- Read

select tests.become_user(tests.couple_user(tests.couple('Ann and Bob')));
select results_eq(
    $$ select distinct w.couple_id from public.wedding_details as w $$,
    $$ select tests.couple('Ann and Bob') $$,
    'wedding_details: a couple reads its own and no other'
);
select lives_ok(
    $$
        insert into public.form_responses (supplier_id, couple_id, status)
        values (tests.supplier('Bloom'), tests.couple('Ann and Bob'), 'submitted')
    $$,
    'form_responses: a couple answers a linked supplier'
);
select throws_ok(
    $$
        insert into public.form_responses (supplier_id, couple_id)
        values (tests.supplier('Petal'), tests.couple('Ann and Bob'))
    $$,
    '42501', 'new row violates row-level security policy for table "form_responses"',
    'form_responses: a couple may not write to a supplier without a link'
);
select throws_ok(
    $$ update public.clients set couple_id = null $$,
    '42501', 'permission denied for table clients',
    'clients: a couple may not change a link'
);

-- Leave

select is(
    public.realtime_unsubscribe_all(), '{"success": true, "closed": 3}',
    'realtime_unsubscribe_all: a couple closes everything'
);

select * from finish();
rollback;
