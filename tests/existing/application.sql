-- An application that was there before the package: the same tables with other columns, other
-- keys, views, triggers, partitions, row level security of its own, and a year of data.

create type public.side as enum ('supplier', 'couple', 'planner');

create table public.suppliers (
    id uuid primary key, business_name text, vat_number text, rating numeric(3, 2)
);
create table public.couples (id uuid primary key, display_name text, budget numeric);
create table public.user_profiles (
    id          uuid primary key references auth.users (id) on delete cascade,
    user_type   public.side not null,
    supplier_id uuid references public.suppliers (id),
    couple_id   uuid references public.couples (id),
    locale      text
);
create table public.clients (
    supplier_id uuid not null references public.suppliers (id),
    number      bigint not null,
    couple_id   uuid references public.couples (id),
    notes       text,
    primary key (supplier_id, number)
);
create table public.form_responses (
    id          bigint generated always as identity primary key,
    supplier_id uuid not null,
    answers     jsonb not null default '{}',
    revision    integer not null default 0
);
create index form_responses_supplier_id_idx on public.form_responses (supplier_id);
create table public.journey_progress (
    id bigint, supplier_id uuid not null, step text, at date not null, primary key (id, at)
) partition by range (at);
create table public.journey_progress_2026 partition of public.journey_progress
for values from ('2026-01-01') to ('2027-01-01') partition by range (at);
create table public.journey_progress_2026_1 partition of public.journey_progress_2026
for values from ('2026-01-01') to ('2026-07-01');
create table public.journey_progress_2026_2 partition of public.journey_progress_2026
for values from ('2026-07-01') to ('2027-01-01');
create table public.core_fields (
    couple_id uuid not null, field text not null, value jsonb, primary key (couple_id, field)
);
create table public.wedding_details (
    id uuid primary key, couple_id uuid not null, venue text, guests integer
);

create view public.open_forms as
select f.id, f.supplier_id from public.form_responses as f where f.answers = '{}';
create function public.count_revision()
    returns trigger
    language plpgsql
as $$
begin
    new.revision := old.revision + 1;
    return new;
end
$$;
create trigger form_responses_before_update_revision before update on public.form_responses
for each row execute function public.count_revision();

alter table public.user_profiles enable row level security;
create policy own_profile on public.user_profiles for select using (id = auth.uid());
alter table public.wedding_details enable row level security;
create policy own_wedding on public.wedding_details using (
    couple_id in (select u.couple_id from public.user_profiles as u where u.id = auth.uid())
);

insert into public.suppliers (id, business_name)
select md5('supplier' || n)::uuid, 'Supplier ' || n from generate_series(1, 100) as n;
insert into public.couples (id, display_name)
select md5('couple' || n)::uuid, 'Couple ' || n from generate_series(1, 100) as n;
insert into public.clients (supplier_id, number, couple_id)
select md5('supplier' || n)::uuid, n, md5('couple' || n)::uuid from generate_series(1, 100) as n;
insert into public.form_responses (supplier_id)
select md5('supplier' || (1 + n % 100))::uuid from generate_series(1, 20000) as n;
insert into public.journey_progress
select n, md5('supplier' || (1 + n % 100))::uuid, 'step', date '2026-01-01' + n % 365
from generate_series(1, 2000) as n;
insert into public.core_fields
select md5('couple' || n)::uuid, 'date', to_jsonb(n) from generate_series(1, 100) as n;
insert into public.wedding_details
select md5('wedding' || n)::uuid, md5('couple' || n)::uuid, 'Barn', n
from generate_series(1, 100) as n;
insert into auth.users (id)
select md5(side || n)::uuid from unnest(array['supplier user ', 'couple user ']) as side
cross join generate_series(1, 10) as n;
insert into public.user_profiles (id, user_type, supplier_id)
select md5('supplier user ' || n)::uuid, 'supplier', md5('supplier' || n)::uuid
from generate_series(1, 10) as n;
insert into public.user_profiles (id, user_type, couple_id)
select md5('couple user ' || n)::uuid, 'couple', md5('couple' || n)::uuid
from generate_series(1, 10) as n;
