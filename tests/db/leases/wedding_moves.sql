-- A wedding goes over to another couple: whoever subscribes to it again follows it there.

begin;
select plan(3);

select tests.link(tests.supplier('Bloom'), c.couple)
from (values (tests.couple('Ann and Bob')), (tests.couple('Cy and Di'))) as c (couple);
insert into public.wedding_details (id, couple_id)
values (tests.id('wedding', 'moving'), tests.couple('Ann and Bob'));
-- Couple whose topic the one subscription is on.
create function tests.followed(couple uuid) returns setof uuid language plpgsql as $$
begin
    update public.wedding_details set couple_id = couple where id = tests.id('wedding', 'moving');
    perform tests.become_user(tests.supplier_user(tests.supplier('Bloom')));
    perform public.realtime_subscribe(
        array['wedding-details'], jsonb_build_object('wedding_id', tests.id('wedding', 'moving'))
    );
    perform tests.become_superuser();
    return query
    select t.tenant_id
    from public.realtime_subscriptions as s
    inner join wedsync_realtime.topics as t on t.id = s.topic_id;
end
$$;

select results_eq(
    $$ select * from tests.followed(tests.couple('Ann and Bob')) $$,
    $$ values (tests.couple('Ann and Bob')) $$,
    'realtime_subscribe: a wedding is heard on its couple''s topic'
);
select results_eq(
    $$ select * from tests.followed(tests.couple('Cy and Di')) $$,
    $$ values (tests.couple('Cy and Di')) $$,
    'realtime_subscribe: after it has moved, on one that nobody listened to'
);
select results_eq(
    $$ select * from tests.followed(tests.couple('Ann and Bob')) $$,
    $$ values (tests.couple('Ann and Bob')) $$,
    'realtime_subscribe: after it has moved back, on the one that is there'
);

select * from finish();
rollback;
