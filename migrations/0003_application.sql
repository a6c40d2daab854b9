-- 0003 application: the reference form of WedSync's tables, each only where it is absent.
-- Undo: by uninstall alone (drops the tables whose comment begins with "Reference form").
-- Between them stand no foreign keys: this package must not come to rely on keys that the
-- application's own tables may lack.

do $$
declare
    v_table text;
    v_column record;
begin
    create temporary table reference_columns on commit drop as
    select d.*
    from (values
        (1, 'suppliers', 'business_name', 'text', 'Name that couples see.'),
        (2, 'couples', 'display_name', 'text', 'Name that suppliers see.'),
        (2, 'couples', 'wedding_date', 'date', 'Day of the wedding.'),
        (3, 'user_profiles', 'user_type',
            'text check (user_type in (''supplier'', ''couple''))', 'Side the user is on.'),
        (3, 'user_profiles', 'supplier_id', 'uuid', 'Supplier a supplier user works for.'),
        (3, 'user_profiles', 'couple_id', 'uuid', 'Couple a couple user belongs to.'),
        (4, 'clients', 'supplier_id', 'uuid not null', 'Supplier who serves the couple.'),
        (4, 'clients', 'couple_id', 'uuid', 'Couple served; null until they join.'),
        (4, 'clients', 'full_name', 'text', 'Name in the supplier''s books.'),
        (4, 'clients', 'status', 'text', 'Stage of the business relation.'),
        (4, 'clients', 'profile', 'jsonb', 'Further facts.'),
        (5, 'form_responses', 'supplier_id', 'uuid not null', 'Supplier who asked.'),
        (5, 'form_responses', 'couple_id', 'uuid', 'Couple who answered.'),
        (5, 'form_responses', 'form_name', 'text', 'Form that was answered.'),
        (5, 'form_responses', 'status', 'text', 'draft or submitted.'),
        (5, 'form_responses', 'responses', 'jsonb', 'Answers by question.'),
        (5, 'form_responses', 'submitted_at', 'timestamptz', 'When it was sent.'),
        (6, 'journey_progress', 'supplier_id', 'uuid not null', 'Supplier whose journey it is.'),
        (6, 'journey_progress', 'client_id', 'uuid', 'Client on the journey.'),
        (6, 'journey_progress', 'milestone', 'text', 'Step of the journey.'),
        (6, 'journey_progress', 'status', 'text', 'pending, completed or the like.'),
        (6, 'journey_progress', 'completed_at', 'timestamptz', 'When it was completed.'),
        (7, 'core_fields', 'couple_id', 'uuid not null', 'Couple it describes.'),
        (7, 'core_fields', 'field_name', 'text', 'Name of the fact.'),
        (7, 'core_fields', 'field_value', 'jsonb', 'The fact.'),
        (8, 'wedding_details', 'couple_id', 'uuid not null', 'Couple who marry.'),
        (8, 'wedding_details', 'wedding_date', 'date', 'Day of the wedding.'),
        (8, 'wedding_details', 'venue', 'text', 'Where it takes place.'),
        (8, 'wedding_details', 'details', 'jsonb', 'Further facts.')
    ) as d (position, table_name, column_name, definition, note)
    where to_regclass('public.' || d.table_name) is null;

    for v_table in select distinct c.table_name from reference_columns c loop
        execute format(
            'create table public.%1$I (id uuid not null default gen_random_uuid() primary key, '
            'created_at timestamptz not null default now())', v_table
        );
        execute format('alter table public.%I enable row level security', v_table);
        execute format(
            'comment on table public.%I is %L', v_table,
            'Reference form of the application''s table, made because there was none.'
        );
        execute format('comment on column public.%I.id is %L', v_table, 'Key.');
        execute format('comment on column public.%I.created_at is %L', v_table, 'Time of entry.');
    end loop;

    for v_column in select c.* from reference_columns c order by c.position loop
        execute format(
            'alter table public.%I add column %I %s',
            v_column.table_name, v_column.column_name, v_column.definition
        );
        execute format(
            'comment on column public.%I.%I is %L',
            v_column.table_name, v_column.column_name, v_column.note
        );
        if v_column.column_name like '%\_id' then
            execute format(
                'create index %I on public.%I (%I)',
                v_column.table_name || '_' || v_column.column_name || '_idx',
                v_column.table_name, v_column.column_name
            );
        end if;
    end loop;

    if exists (select from reference_columns c where c.table_name = 'user_profiles') then
        alter table public.user_profiles alter column id drop default;
    end if;
end
$$;
