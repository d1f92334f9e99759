-- What the list is filtered by. Each index holds all that its filter reads, so no filter touches a row it does not show.
CREATE INDEX series_by_modality ON series (modality, study_key);
CREATE INDEX series_by_device ON series (manufacturer, manufacturer_model_name, study_key);
CREATE INDEX studies_to_check ON studies (study_key) WHERE gappy_series + odd_series + further_versions > 0;
CREATE INDEX studies_unchecked ON studies (study_key) WHERE unchecked_series > 0;
