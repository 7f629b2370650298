-- Its writer is alone: nothing is sent anew meanwhile.
SELECT 1;
