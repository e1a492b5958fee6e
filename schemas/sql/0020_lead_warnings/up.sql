-- What looks odd in a lead that was taken all the same: told to its generator, never a reason to refuse.
set local search_path = leadex;

alter table lead
  add column warnings integer not null default 0 check (warnings >= 0),  -- bits as server/intake/contact/row_warning.hpp numbers them
  add column domain_suggested text        -- the well-known mail domain that was probably meant; never an address
    check (char_length(domain_suggested) between 3 and 253);
