-- Until now every account was made with English and nobody could choose; from here on a language there is a person's own choice.
UPDATE accounts SET language = '' WHERE language = 'en';
